internal import Bytes
internal import Decoding

/// An event that tells of a function of the kernel being entered: a kprobe or fprobe, or a record of the function tracers. One function marks
/// a step of a packet's way: `sock_def_readable` announces data where there is no sk_data_ready (kernels before 6.3, net/core/sock.c).
struct FunctionSchema {
  static let readable = "sock_def_readable"

  /// Whether the event is one of the function tracers', which write one for each function.
  let isTracer: Bool
  /// Whether the event is the stack behind another one (`ftrace:kernel_stack`, from the option or the trigger `stacktrace`).
  let isStack: Bool
  /// Whether the event's own name says that it is on this function; of others the address tells.
  let isNamed: Bool
  /// Where the address of the function is.
  private let address: (offset: Int, size: Int)
  /// Where the address of the socket is, or nil if the event does not say.
  private let socket: (offset: Int, size: Int)?

  /// The event that `format` describes; nil if it is none of these.
  init?(_ format: EventFormat) {
    isStack = format.system == "ftrace" && format.name == "kernel_stack"
    isTracer = format.system == "ftrace" && !isStack
    isNamed = !isTracer && format.name.contains(Self.readable)
    let name = isStack ? "caller" : isTracer ? (format.name == "function" ? "ip" : "func") : "__probe_ip"
    guard let field = format.field(name) else { return nil }
    // A stack's addresses go on to the end of the entry, whatever their array says.
    let size = isStack ? field.elementSize : field.size
    guard size == 8 || size == 4 else { return nil }
    address = (field.offset, size)
    let keys = isTracer ? [] : ["sk", "skaddr", "arg1", "socket"]
    let key = keys.lazy.compactMap { format.field($0) }.first { $0.size == 8 || $0.size == 4 }
    socket = key.map { ($0.offset, $0.size) }
  }

  /// Whether the event names the socket.
  var namesSocket: Bool { socket != nil }

  /// Entries shorter than this are damaged.
  var size: Int { max(address.offset + address.size, (socket?.offset ?? 0) + (socket?.size ?? 0)) }

  /// The addresses of the stack that `entry` tells of: where they begin, and the size of each.
  var stack: (offset: Int, size: Int) { address }

  /// The address of the function that `entry` tells of.
  func address(_ entry: RawSpan, _ order: ByteOrder) -> UInt64 { entry.unsigned(at: address.offset, size: address.size, order) ?? 0 }

  /// The socket that `entry` names, or 0.
  func socket(_ entry: RawSpan, _ order: ByteOrder) -> UInt64 {
    socket.flatMap { entry.unsigned(at: $0.offset, size: $0.size, order) } ?? 0
  }
}

/// Where sock_def_readable lies in the recorded kernels, looked for when the first function is met: a table of symbols is long.
struct ReadableAddresses {
  /// For each catalog, the addresses that are the function's entry: a probe or the tracer may stand behind `endbr64` and within the call that
  /// ftrace patches in.
  private var entries: [Int: Range<UInt64>] = [:]
  /// For each catalog, what addresses met in stacks are.
  private var callers: [Int: [UInt64: StackFrame]] = [:]
  private static let callerLimit = 65_536

  /// The frame of `address`, of the kernel that `catalog` describes.
  mutating func frame(_ address: UInt64, _ index: Int, _ catalog: FormatCatalog) -> StackFrame {
    if let known = callers[index]?[address] { return known }
    let frame = catalog.symbol(at: address).map { StackFrame(Array($0.name.utf8).view) } ?? .other
    if callers[index, default: [:]].count >= Self.callerLimit { callers[index] = [:] }
    callers[index, default: [:]][address] = frame
    return frame
  }

  /// Whether `address`, of the kernel that `catalog` describes, is the function's entry.
  mutating func contains(_ address: UInt64, _ index: Int, _ catalog: FormatCatalog) -> Bool {
    if let entry = entries[index] { return entry.contains(address) }
    let start = catalog.address(ofSymbol: FunctionSchema.readable) ?? 0
    entries[index] = start > 0 ? start..<(start &+ 16 > start ? start &+ 16 : .max) : 0..<0
    return contains(address, index, catalog)
  }
}
