/// Where a member of a structure lies, and of what type it is.
public struct MemberPlace: Sendable, Equatable {
  /// From the start of the outermost structure, in bits.
  public var bitOffset: Int
  /// The bits of a bit field; nil for other members.
  public var bitWidth: Int?
  public var type: TypeID

  /// From the start of the outermost structure, in bytes; that of the byte a bit field begins in.
  public var offset: Int { bitOffset / 8 }
}

extension BTF {
  /// The member `path` of the structure `name`: `data`, `sk_receive_queue.qlen`, `frags[1].len`; nil if there is no such structure or
  /// member. Members of unnamed structures and unions inside count as the structure's own, as in C.
  public func member(_ path: String, of name: String) throws(LayoutError) -> MemberPlace? {
    guard let structure = try structure(name) else { return nil }
    return try member(path, of: structure)
  }

  /// The member `path` of the structure or union `id`.
  public func member(_ path: String, of id: TypeID) throws(LayoutError) -> MemberPlace? {
    var place = MemberPlace(bitOffset: 0, bitWidth: nil, type: id)
    for step in path.split(separator: ".", omittingEmptySubsequences: false) {
      let parts = step.split(separator: "[")
      guard let name = parts.first, let next = try member(named: String(name), of: place.type) else { return nil }
      place = MemberPlace(bitOffset: place.bitOffset &+ next.bitOffset, bitWidth: next.bitWidth, type: next.type)
      for index in parts.dropFirst() {
        guard index.hasSuffix("]"), let number = Int(index.dropLast()), let element = try element(number, of: place) else { return nil }
        place = element
      }
    }
    return place
  }

  private func element(_ index: Int, of place: MemberPlace) throws(LayoutError) -> MemberPlace? {
    guard case .array(let element, let count) = try shape(place.type), index >= 0, index < max(count, 1),
      let size = try size(element)
    else { return nil }
    let (bits, overflow) = (size * 8).multipliedReportingOverflow(by: index)
    return overflow ? nil : MemberPlace(bitOffset: place.bitOffset &+ bits, bitWidth: nil, type: element)
  }

  /// The member `name` of structure or union `id` itself or of an unnamed one inside it.
  private func member(named name: String, of id: TypeID) throws(LayoutError) -> MemberPlace? {
    let wanted = Array(name.utf8) + [0]
    var open = [MemberPlace(bitOffset: 0, bitWidth: nil, type: id)]
    var looked = 0
    while let outer = open.popLast() {
      let (record, owner) = try record(resolved(outer.type))
      guard record.kind == .structure || record.kind == .union else { continue }
      looked += record.count
      guard looked < Self.memberLimit else { throw LayoutError(path, at: record.offset, "structures lie in one another without end") }
      var unnamed: [MemberPlace] = []
      for index in 0..<record.count {
        let (name, inner) = try owner.member(index, of: record)
        let place = MemberPlace(bitOffset: outer.bitOffset &+ inner.bitOffset, bitWidth: inner.bitWidth, type: inner.type)
        if name == 0 { unnamed.append(place) } else if owner.string(name, is: wanted) { return place }
      }
      open += unnamed.reversed()
    }
    return nil
  }

  /// No structure of a kernel has nearly as many members, those of unnamed ones inside counted.
  private static let memberLimit = 1 << 17

  /// Where the name of member `index` begins, and its place.
  private func member(_ index: Int, of record: BTFRecord) throws(LayoutError) -> (name: UInt32, place: MemberPlace) {
    let offset = record.element(index, size: 12)
    let position = try word(at: offset + 8)
    let type = TypeID(number: try word(at: offset + 4))
    let place: MemberPlace
    if record.flag {
      let width = Int(position >> 24)
      place = MemberPlace(bitOffset: Int(position & 0xff_ffff), bitWidth: width == 0 ? nil : width, type: type)
    } else {
      place = MemberPlace(bitOffset: Int(position), bitWidth: nil, type: type)
    }
    return (try word(at: offset), place)
  }

  /// The members of structure or union `id` in their order; unnamed ones have an empty name.
  public func members(of id: TypeID) throws(LayoutError) -> [(name: String, place: MemberPlace)] {
    let (record, owner) = try record(resolved(id))
    guard record.kind == .structure || record.kind == .union else { return [] }
    var members: [(name: String, place: MemberPlace)] = []
    for index in 0..<record.count {
      let (name, place) = try owner.member(index, of: record)
      members.append((try owner.string(name), place))
    }
    return members
  }
}
