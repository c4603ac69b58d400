/// What a type is, with names and qualifiers (`typedef`, `const`, `volatile`) taken off.
public enum TypeShape: Sendable, Equatable {
  case void
  case integer(bytes: Int, isSigned: Bool)
  case float(bytes: Int)
  case pointer(to: TypeID)
  case array(of: TypeID, count: Int)
  case structure(name: String, bytes: Int)
  case union(name: String, bytes: Int)
  case enumeration(name: String, bytes: Int)
  /// A structure or union that is named but not described.
  case forward(name: String)
  case function
  /// A variable or a section: not a type in C's sense.
  case other
}

extension BTF {
  /// The type behind names and qualifiers.
  func resolved(_ id: TypeID) throws(LayoutError) -> TypeID {
    var id = id
    for _ in 0..<Self.depthLimit {
      if id == .void { return id }
      let record = try record(id).record
      guard record.kind.isAlias else { return id }
      id = TypeID(number: record.word)
    }
    throw LayoutError(path, "type \(id.number) is a name of itself")
  }

  /// How deep types may lie in one another.
  static let depthLimit = 64

  /// What type `id` is.
  public func shape(_ id: TypeID) throws(LayoutError) -> TypeShape {
    let id = try resolved(id)
    if id == .void { return .void }
    let (record, owner) = try record(id)
    let size = Int(record.word)
    switch record.kind {
    case .integer: return .integer(bytes: size, isSigned: try owner.word(at: record.element(0, size: 4)) >> 24 & 1 == 1)
    case .float: return .float(bytes: size)
    case .pointer: return .pointer(to: TypeID(number: record.word))
    case .array:
      return .array(
        of: TypeID(number: try owner.word(at: record.element(0, size: 4))), count: Int(try owner.word(at: record.element(2, size: 4))))
    case .structure: return .structure(name: try owner.string(record.name), bytes: size)
    case .union: return .union(name: try owner.string(record.name), bytes: size)
    case .enumeration, .enumeration64: return .enumeration(name: try owner.string(record.name), bytes: size)
    case .forward: return .forward(name: try owner.string(record.name))
    case .function, .prototype: return .function
    case .variable, .section, .declarationTag, .typedef, .volatile, .const, .restrict, .typeTag: return .other
    }
  }

  /// The size of type `id` in bytes; pointers have `pointerSize`. nil for what has no size.
  public func size(_ id: TypeID, pointerSize: Int = 8) throws(LayoutError) -> Int? {
    var elements = 1
    var id = id
    for _ in 0..<Self.depthLimit {
      let size: Int
      switch try shape(id) {
      case .integer(let bytes, _), .float(let bytes), .structure(_, let bytes), .union(_, let bytes), .enumeration(_, let bytes): size = bytes
      case .pointer: size = pointerSize
      case .array(let element, let count):
        (elements, id) = (elements &* count, element)
        continue
      case .void, .forward, .function, .other: return nil
      }
      let (product, overflow) = size.multipliedReportingOverflow(by: elements)
      return overflow ? nil : product
    }
    throw LayoutError(path, "arrays lie in one another without end")
  }
}
