internal import Bytes

/// What a line that is no tracepoint says of functions. Probes and tracers write it so:
///
///     readable: (sock_def_readable+0x0/0x60) sk=0xffff888003b81280        kprobe or fprobe, of any name
///     probe:sock_def_readable: (ffffffff81a2b3c0) sk=0xffff888003b81280   perf probe
///     sock_def_readable <-tcp_data_ready                                  function tracer
///     function:             sock_def_readable <-- tcp_data_ready          trace-cmd report of it
///     funcgraph_entry:        0.541 us   |  sock_def_readable();          trace-cmd report of function_graph
enum TextFunction {
  /// sock_def_readable was entered, for the socket at this address, or 0.
  case readable(UInt64)
  /// Another function was entered or left.
  case function
  case none

  private static let socketKeys: [TextKey] = ["sk=", "skaddr=", "arg1=", "socket="]
  private static let arrow: TextKey = "<-"

  init(_ name: RawSpan, _ info: RawSpan) {
    if name.isEmpty {
      // `parent` is behind the arrow.
      self = Self.arrow.last(in: info, before: info.byteCount) == nil ? .none : Self.isFunction(info, at: 0) ? .readable(0) : .function
    } else if name.has("function", at: 0), name.byteCount == 8 {
      self = Self.isFunction(info, at: 0) ? .readable(0) : .function
    } else if name.has("funcgraph_", at: 0) {
      let bar = info.firstIndex(of: UInt8(ascii: "|")).map { info.skippingSpaces(from: $0 + 1) } ?? info.byteCount
      self = name.has("entry", at: 10) && Self.isFunction(info, at: bar) ? .readable(0) : .function
    } else if info.byte(at: 0) == UInt8(ascii: "("), Self.isEntry(name, info) {
      self = .readable(Self.socket(info))
    } else {
      self = .none
    }
  }

  /// Whether `sock_def_readable` stands at `start`, and not the beginning of a longer name.
  private static func isFunction(_ text: RawSpan, at start: Int) -> Bool {
    let at = text.skippingSpaces(from: start)
    guard text.has("sock_def_readable", at: at) else { return false }
    switch text.byte(at: at + 17) {
    case nil, 32, UInt8(ascii: "+"), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "["): return true
    default: return false
    }
  }

  /// Whether a probe's line is of the function's entry: its place is the function, or its own name says so. Return probes have an arrow.
  private static func isEntry(_ name: RawSpan, _ info: RawSpan) -> Bool {
    let end = info.firstIndex(of: UInt8(ascii: ")")) ?? info.byteCount
    guard arrow.last(in: info, before: end) == nil else { return false }
    if isFunction(info, at: 1) { return true }
    // Another function's name stands there where the symbols are known.
    let digit = info.byte(at: 1) ?? 0
    guard RawSpan.isHexDigit(digit), info.slice(1, end - 1).firstIndex(of: UInt8(ascii: "+")) == nil else { return false }
    return (0..<max(name.byteCount - 16, 0)).contains { name.has("sock_def_readable", at: $0) }
  }

  private static func socket(_ info: RawSpan) -> UInt64 {
    for key in socketKeys {
      guard let start = key.first(in: info, from: 0) else { continue }
      // Probes print what is declared as u64 in decimal: with twenty digits where it is an address of the kernel.
      var (at, end) = (start, start)
      if let value = info.decimal(at: &end), end - start >= 19 { return value }
      return info.hexadecimal(at: &at) ?? 0
    }
    return 0
  }
}
