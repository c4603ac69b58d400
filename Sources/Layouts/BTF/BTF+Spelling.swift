extension BTF {
  /// Type `id` as C writes it without a name: `struct sk_buff *`, `unsigned char[4]`.
  public func spelling(_ id: TypeID) throws(LayoutError) -> String { try spelling(id, depth: 0) }

  private func spelling(_ id: TypeID, depth: Int) throws(LayoutError) -> String {
    if id == .void { return "void" }
    guard depth < Self.depthLimit else { throw LayoutError(path, "type \(id.number) is part of itself") }
    let (record, owner) = try record(id)
    func named(_ keyword: String) throws(LayoutError) -> String {
      let name = try owner.string(record.name)
      return "\(keyword) \(name.isEmpty ? "{…}" : name)"
    }
    func inner() throws(LayoutError) -> String { try spelling(TypeID(number: record.word), depth: depth + 1) }
    switch record.kind {
    case .integer, .float, .typedef, .variable, .section: return try owner.string(record.name)
    case .pointer:
      let target = try inner()
      return target.hasSuffix("*") ? "\(target)*" : "\(target) *"
    case .array:
      let element = try spelling(TypeID(number: try owner.word(at: record.element(0, size: 4))), depth: depth + 1)
      return "\(element)[\(try owner.word(at: record.element(2, size: 4)))]"
    case .structure: return try named("struct")
    case .union: return try named("union")
    case .enumeration, .enumeration64: return try named("enum")
    case .forward: return try named(record.flag ? "union" : "struct")
    case .volatile: return "volatile \(try inner())"
    case .const: return "const \(try inner())"
    case .restrict, .typeTag, .declarationTag: return try inner()
    case .function, .prototype: return "function"
    }
  }
}
