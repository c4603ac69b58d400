internal import Bytes

extension PrintParser {
  /// The call of function `name`, whose `(` has been read.
  mutating func call(_ name: [UInt8]) throws(PrintFormatError) -> Int32 {
    switch String(decoding: name, as: UTF8.self) {
    case "__print_flags", "__print_flags_u64": return try flags()
    case "__print_symbolic", "__print_symbolic_u64": return try symbol()
    case "__print_hex": return try hex(isSeparated: true)
    case "__print_hex_str": return try hex(isSeparated: false)
    case "__print_array": return try array()
    case "__print_dynamic_array": return try dynamicArray()
    case "__print_ns_to_secs": return try nanoseconds(.divide)
    case "__print_ns_without_secs": return try nanoseconds(.remainder)
    case "__get_str", "__get_rel_str": return try ofField(.string)
    case "__get_bitmask", "__get_rel_bitmask": return try ofField(.bitmask)
    case "__get_cpumask", "__get_rel_cpumask": return try ofField(.cpumask)
    case "__get_dynamic_array", "__get_rel_dynamic_array", "__get_sockaddr", "__get_sockaddr_rel", "__get_rel_sockaddr":
      return try ofField(.dynamicArray)
    case "__get_dynamic_array_len", "__get_rel_dynamic_array_len": return try ofField(.dynamicLength)
    case "__builtin_expect":
      let arguments = try list(2)
      return arguments[0]
    case "sizeof": return try size()
    case "jbd2_dev_to_name": return try function(.deviceName)
    case "jiffies_to_msecs": return try function(.milliseconds)
    case "xen_hypercall_name": return try function(.hypercall)
    case "is_writable_pte": return try function(.isWritable)
    case "__le16_to_cpup": return try function(.little16)
    case "scsi_trace_parse_cdb":
      let arguments = try list(3)
      return try parts.add(PrintNode(.function, .command, a: arguments[1], b: arguments[2]))
    default: throw PrintFormatError()
    }
  }

  /// `one, other)`.
  private mutating func list(_ count: Int) throws(PrintFormatError) -> [Int32] {
    var arguments: [Int32] = []
    for index in 0..<count {
      if index > 0 { try lexer.expect(",") }
      arguments.append(try expression())
    }
    try lexer.expect(")")
    return arguments
  }

  private mutating func function(_ op: PrintOperator) throws(PrintFormatError) -> Int32 {
    let argument = try list(1)[0]
    return try parts.add(PrintNode(.function, op, a: argument))
  }

  private mutating func nanoseconds(_ op: PrintOperator) throws(PrintFormatError) -> Int32 {
    let argument = try list(1)[0]
    let second = try parts.add(PrintNode(.number, value: 1_000_000_000))
    return try parts.add(PrintNode(.binary, op, a: argument, b: second))
  }

  /// `field)`.
  private mutating func ofField(_ kind: PrintNode.Kind) throws(PrintFormatError) -> Int32 {
    let field = try field(try lexer.word())
    guard parts.fields[Int(field)].isDynamic else { throw PrintFormatError() }
    try lexer.expect(")")
    return try parts.add(PrintNode(kind, a: field))
  }

  // MARK: names of numbers

  /// `value, "divider", { 1, "A" }, …)`.
  private mutating func flags() throws(PrintFormatError) -> Int32 {
    let value = try expression()
    try lexer.expect(",")
    guard lexer.kind == .string || lexer.kind == .character || lexer.kind == .word else { throw PrintFormatError() }
    let divider = parts.add(text: lexer.token)
    try lexer.advance()
    let table = try parts.add(table: try names(), isSorted: false)
    return try parts.add(PrintNode(.flags, a: value, b: table, c: divider))
  }

  /// `value, { 1, "A" }, …)`.
  private mutating func symbol() throws(PrintFormatError) -> Int32 {
    let value = try expression()
    let table = try parts.add(table: try names(), isSorted: true)
    return try parts.add(PrintNode(.symbol, a: value, b: table))
  }

  /// `, { 1, "A" }, …)`; the list may end with a comma, and an empty `{ }`.
  private mutating func names() throws(PrintFormatError) -> [PrintParts.Name] {
    var names: [PrintParts.Name] = []
    while try lexer.takes(",") {
      guard try lexer.takes("{") else { break }
      if try lexer.takes("}") { continue }
      let part = try expression()
      let value = try number(part)
      try lexer.expect(",")
      let name = try name()
      names.append(PrintParts.Name(value: value, text: name))
      guard names.count <= PrintParts.mostNames else { throw PrintFormatError() }
      _ = try lexer.takes(",")
      try lexer.expect("}")
    }
    try lexer.expect(")")
    return names
  }

  private static let knownNames: [String: Int64] = [
    "HI_SOFTIRQ": 0, "TIMER_SOFTIRQ": 1, "NET_TX_SOFTIRQ": 2, "NET_RX_SOFTIRQ": 3, "BLOCK_SOFTIRQ": 4, "IRQ_POLL_SOFTIRQ": 5,
    "TASKLET_SOFTIRQ": 6, "SCHED_SOFTIRQ": 7, "HRTIMER_SOFTIRQ": 8, "RCU_SOFTIRQ": 9, "HRTIMER_NORESTART": 0, "HRTIMER_RESTART": 1
  ]

  /// The name in an entry: a string, or as libtraceevent prints it `0` for `((void *)0)`, which ends some lists.
  private mutating func name() throws(PrintFormatError) -> Int32 {
    let part = try expression()
    let node = inner(part)
    switch node.kind {
    case .text, .name: return node.a
    case .number: return parts.add(text: Array(String(node.value).utf8))
    default: throw PrintFormatError()
    }
  }

  /// What part `index` is under whatever types.
  private func inner(_ index: Int32) -> PrintNode {
    var node = parts.nodes[Int(index)]
    while node.kind == .cast { node = parts.nodes[Int(node.a)] }
    return node
  }

  /// The number of an entry as libtraceevent takes it: a name that it does not know and what is calculated to be below zero are -1.
  private func number(_ part: Int32) throws(PrintFormatError) -> Int64 {
    let node = inner(part)
    switch node.kind {
    case .number: return Int64(bitPattern: node.value)
    case .name, .text: return Self.knownNames[String(decoding: parts.text(node.a), as: UTF8.self)] ?? -1
    default: return max(try constant(part), -1)
    }
  }

  /// The number that part `index` is whatever the entry is; names in it are 0.
  private func constant(_ index: Int32) throws(PrintFormatError) -> Int64 {
    let node = parts.nodes[Int(index)]
    switch node.kind {
    case .number, .text: return Int64(bitPattern: node.value)
    case .name: return 0
    case .cast: return Int64(bitPattern: UInt64(bitPattern: try constant(node.a)) & node.value)
    case .unary:
      let value = try constant(node.a)
      return node.op == .minus ? 0 &- value : node.op == .complement ? ~value : value == 0 ? 1 : 0
    case .binary: return Int64(bitPattern: node.op(UInt64(bitPattern: try constant(node.a)), UInt64(bitPattern: try constant(node.b))))
    default: throw PrintFormatError()
    }
  }

  // MARK: arrays

  /// The field that part `index` is, under whatever types.
  private func array(_ index: Int32) throws(PrintFormatError) -> Int32 {
    let node = inner(index)
    guard node.kind == .field || node.kind == .dynamicArray else { throw PrintFormatError() }
    return node.a
  }

  /// `array, count)`.
  private mutating func hex(isSeparated: Bool) throws(PrintFormatError) -> Int32 {
    let arguments = try list(2)
    return try parts.add(PrintNode(.hex, a: try array(arguments[0]), b: arguments[1], c: isSeparated ? 1 : 0))
  }

  /// `array, count, size)`.
  private mutating func array() throws(PrintFormatError) -> Int32 {
    let arguments = try list(3)
    return try parts.add(PrintNode(.array, a: try array(arguments[0]), b: arguments[1], c: arguments[2]))
  }

  /// `field, size)`.
  private mutating func dynamicArray() throws(PrintFormatError) -> Int32 {
    let field = try field(try lexer.word())
    try lexer.expect(",")
    let size = try expression()
    try lexer.expect(")")
    return try parts.add(PrintNode(.array, a: field, b: -1, c: size))
  }

  /// `type)` or `REC->field)`.
  private mutating func size() throws(PrintFormatError) -> Int32 {
    var name = try lexer.word()
    if name.elementsEqual("REC".utf8), try lexer.takes("->") {
      let index = try field(try lexer.word())
      let field = parts.fields[Int(index)]
      try lexer.expect(")")
      return try parts.add(PrintNode(.number, value: UInt64(max(field.size, 0))))
    }
    while lexer.kind == .word { name += [32] + (try lexer.word()) }
    while try lexer.takes("*") { name += " *".utf8 }
    try lexer.expect(")")
    guard let size = CType.size(of: name, longSize: longSize) else { throw PrintFormatError() }
    return try parts.add(PrintNode(.number, value: UInt64(size)))
  }
}
