/// A function as the kernel declares it.
public struct FunctionPrototype: Sendable, Equatable {
  public struct Parameter: Sendable, Equatable {
    public var name: String
    public var type: TypeID
  }

  public var name: String
  public var parameters: [Parameter]
  public var result: TypeID
  /// Whether more arguments may follow.
  public var isVariadic: Bool
}

extension BTF {
  /// The structure called `name`, or nil.
  public func structure(_ name: String) throws(LayoutError) -> TypeID? { try first(.structure, name) }

  /// The union called `name`, or nil.
  public func union(_ name: String) throws(LayoutError) -> TypeID? { try first(.union, name) }

  /// The type that `typedef` calls `name`, or nil.
  public func typedef(_ name: String) throws(LayoutError) -> TypeID? { try first(.typedef, name) }

  /// The first type of this kind and name, those of the base before the own.
  private func first(_ kind: BTFKind, _ name: String) throws(LayoutError) -> TypeID? {
    if let found = try base?.first(kind, name) { return found }
    let wanted = Array(name.utf8) + [0]
    for number in ownNumbers {
      let record = try ownRecord(number)
      if record.kind == kind, string(record.name, is: wanted) { return TypeID(number: number) }
    }
    return nil
  }

  /// The names and values of the enumeration called `name`, or nil. Values of 64 bits without sign keep their bits.
  public func values(ofEnumeration name: String) throws(LayoutError) -> [(name: String, value: Int64)]? {
    for kind in [BTFKind.enumeration, .enumeration64] {
      if let id = try first(kind, name) { return try values(ofEnumeration: id) }
    }
    return nil
  }

  /// The names and values of enumeration `id`.
  public func values(ofEnumeration id: TypeID) throws(LayoutError) -> [(name: String, value: Int64)] {
    let (record, owner) = try record(resolved(id))
    guard record.kind == .enumeration || record.kind == .enumeration64 else { return [] }
    var values: [(name: String, value: Int64)] = []
    for index in 0..<record.count {
      let offset = record.element(index, size: record.kind == .enumeration ? 8 : 12)
      let low = try owner.word(at: offset + 4)
      let value =
        record.kind == .enumeration64
        ? Int64(bitPattern: UInt64(low) | UInt64(try owner.word(at: offset + 8)) << 32)
        : record.flag ? Int64(Int32(bitPattern: low)) : Int64(low)
      values.append((try owner.string(try owner.word(at: offset)), value))
    }
    return values
  }

  /// The declaration of function `name`, or nil. Functions that are always inlined have none.
  public func function(_ name: String) throws(LayoutError) -> FunctionPrototype? {
    guard let id = try first(.function, name) else { return nil }
    let prototype = TypeID(number: try record(id).record.word)
    let (record, owner) = try record(prototype)
    guard record.kind == .prototype else { throw LayoutError(path, at: record.offset, "the type of function \(name) is not that of a function") }
    var parameters: [FunctionPrototype.Parameter] = []
    for index in 0..<record.count {
      let offset = record.element(index, size: 8)
      parameters.append(.init(name: try owner.string(try owner.word(at: offset)), type: TypeID(number: try owner.word(at: offset + 4))))
    }
    let isVariadic = parameters.last.map { $0.name.isEmpty && $0.type == .void } ?? false
    if isVariadic { parameters.removeLast() }
    return FunctionPrototype(name: name, parameters: parameters, result: TypeID(number: record.word), isVariadic: isVariadic)
  }
}
