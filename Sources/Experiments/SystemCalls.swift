internal import CLinux
#if canImport(Glibc)
  internal import Glibc
#endif
internal import Synchronization
internal import SystemPackage

/// A file descriptor that is closed when it is told to, or with the last use of it.
final class Descriptor: Sendable, Equatable {
  let number: Int32
  private let isClosed = Atomic(false)

  fileprivate init(_ number: Int32) throws(Errno) {
    guard number >= 0 else { throw Errno(rawValue: errno) }
    self.number = number
  }

  func close() {
    if !isClosed.exchange(true, ordering: .sequentiallyConsistent) { Glibc.close(number) }
  }

  deinit { close() }

  static func == (one: Descriptor, other: Descriptor) -> Bool { one === other }
}

/// The system calls of the experiments, each as thin as it can be: their only unsafe code.
enum SystemCalls {
  private static var lastError: Errno { Errno(rawValue: errno) }

  private static func check(_ status: Int32) throws(Errno) {
    if status < 0 { throw lastError }
  }

  static var processID: Int32 { getpid() }

  /// Where temporary files go: TMPDIR, or /tmp where that says nothing usable.
  static var temporaryDirectory: String {
    let named = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? ""
    return named.hasPrefix("/") ? named : "/tmp"
  }

  /// CLOCK_MONOTONIC in nanoseconds: the clock that recordings have.
  static var monotonicTime: UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  static func sleep(milliseconds: UInt32) { usleep(milliseconds * 1000) }

  // MARK: this process

  /// Has the kernel end this process after `seconds`, or when its parent ends, whatever it is doing then.
  static func endAfter(seconds: UInt32) {
    wakepath_die_with_parent()
    alarm(seconds)
  }

  /// The limits on this process's descriptors.
  static func descriptorLimits() -> (soft: UInt, hard: UInt) {
    var limit = rlimit()
    unsafe getrlimit(__rlimit_resource_t(7), &limit)
    return (limit.rlim_cur, limit.rlim_max)
  }

  static func setDescriptorLimit(soft: UInt) throws(Errno) {
    var limit = rlimit(rlim_cur: soft, rlim_max: descriptorLimits().hard)
    try check(unsafe setrlimit(__rlimit_resource_t(7), &limit))
  }

  // MARK: network namespaces, which belong to a thread

  private static let newNetwork: Int32 = 0x4000_0000

  /// Gives the calling thread a network namespace of its own, which goes when nothing uses it any more; answers a handle on it.
  static func makeNetwork() throws(Errno) -> Descriptor {
    try check(wakepath_unshare(newNetwork))
    return try openFile("/proc/thread-self/ns/net")
  }

  static func enter(_ network: Descriptor) throws(Errno) { try check(wakepath_setns(network.number, newNetwork)) }

  static func interfaceIndex(_ name: String) throws(Errno) -> Int32 {
    let index = unsafe if_nametoindex(name)
    guard index > 0 else { throw lastError }
    return Int32(bitPattern: index)
  }

  // MARK: files

  static func openFile(_ path: String) throws(Errno) -> Descriptor { try Descriptor(unsafe open(path, O_RDONLY | O_CLOEXEC)) }

  /// The content of a file of procfs.
  static func contents(of path: String) throws(Errno) -> String {
    let file = try openFile(path)
    var content: [UInt8] = []
    while true {
      let piece = try receive(file, limit: 1 << 14)
      if piece.isEmpty { return String(decoding: content, as: UTF8.self) }
      content += piece
    }
  }

  /// Writes `text` to a file that is there, or to a new one.
  static func write(_ text: String, to path: String) throws(Errno) {
    let file = try Descriptor(unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600))
    var left = Array(text.utf8)[...]
    while !left.isEmpty {
      let written = unsafe left.withUnsafeBytes { unsafe Glibc.write(file.number, $0.baseAddress, $0.count) }
      if written < 0 { throw lastError }
      left = left.dropFirst(written)
    }
  }

  static func remove(_ path: String) { _ = unsafe unlink(path) }
  static func makeDirectory(_ path: String) throws(Errno) { try check(unsafe mkdir(path, 0o700)) }
  static func removeDirectory(_ path: String) { _ = unsafe rmdir(path) }

  /// What the link at `path` points to.
  static func linkTarget(_ path: String) -> String? {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let length = unsafe buffer.withUnsafeMutableBytes { unsafe $0.baseAddress.map { buffer in unsafe readlink(path, buffer, 4096) } ?? -1 }
    return length < 0 ? nil : String(decoding: buffer[..<length], as: UTF8.self)
  }

  /// What fstat(2) says of a descriptor: the file type bits of its mode, and its inode's number.
  static func status(_ file: Descriptor) throws(Errno) -> (type: UInt32, inode: UInt) {
    var status = stat()
    try check(unsafe fstat(file.number, &status))
    return (status.st_mode & S_IFMT, status.st_ino)
  }

  static let regularFile = S_IFREG
  static let socketFile = S_IFSOCK

  // MARK: sockets

  /// What kinds of sockets the experiments use.
  enum SocketKind {
    case tcp, udp, netlink, packets
  }

  static func socket(_ kind: SocketKind) throws(Errno) -> Descriptor {
    let closing = Int32(SOCK_CLOEXEC.rawValue)
    return switch kind {
    case .tcp: try Descriptor(Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | closing, 0))
    case .udp: try Descriptor(Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | closing, 0))
    case .netlink: try Descriptor(Glibc.socket(AF_NETLINK, Int32(SOCK_RAW.rawValue) | closing, 0))
    // Protocol 0: nothing is received until it is bound to a device.
    case .packets: try Descriptor(Glibc.socket(AF_PACKET, Int32(SOCK_RAW.rawValue) | closing, 0))
    }
  }

  /// An IPv4 address and port.
  struct Address: Sendable {
    var bytes: [UInt8]
    var port: UInt16

    static func loopback(_ port: UInt16) -> Address { Address(bytes: [127, 0, 0, 1], port: port) }

    fileprivate var system: sockaddr_in {
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = port.bigEndian
      address.sin_addr.s_addr = bytes.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }.bigEndian
      return address
    }
  }

  private static func withAddress(_ address: Address, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) throws(Errno) {
    var system = address.system
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = unsafe withUnsafePointer(to: &system) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, size) }
    }
    try check(status)
  }

  static func bind(_ socket: Descriptor, to address: Address) throws(Errno) {
    try unsafe withAddress(address) { unsafe Glibc.bind(socket.number, $0, $1) }
  }

  static func connect(_ socket: Descriptor, to address: Address) throws(Errno) {
    try unsafe withAddress(address) { unsafe Glibc.connect(socket.number, $0, $1) }
  }

  /// Has a packet socket receive the IPv4 frames that come in by a device, and send by it.
  static func bind(_ socket: Descriptor, toDevice index: Int32) throws(Errno) {
    var address = sockaddr_ll()
    address.sll_family = UInt16(AF_PACKET)
    address.sll_protocol = UInt16(0x0800).bigEndian
    address.sll_ifindex = index
    let size = socklen_t(MemoryLayout<sockaddr_ll>.size)
    let status = unsafe withUnsafePointer(to: &address) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe Glibc.bind(socket.number, $0, size) }
    }
    try check(status)
  }

  /// The port that a socket got.
  static func port(of socket: Descriptor) throws(Errno) -> UInt16 {
    var address = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = unsafe withUnsafeMutablePointer(to: &address) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe getsockname(socket.number, $0, &size) }
    }
    try check(status)
    return UInt16(bigEndian: address.sin_port)
  }

  static func listen(_ socket: Descriptor) throws(Errno) { try check(Glibc.listen(socket.number, 8)) }
  static func accept(_ socket: Descriptor) throws(Errno) -> Descriptor { try Descriptor(Glibc.accept(socket.number, nil, nil)) }

  /// Ends one direction or both: what a sleeping reader of it is woken by.
  static func shutDown(_ socket: Descriptor, sendingOnly: Bool) throws(Errno) {
    try check(Glibc.shutdown(socket.number, Int32(sendingOnly ? SHUT_WR : SHUT_RDWR)))
  }

  /// An option of a socket, by its numbers in the kernel's headers.
  struct Option {
    var level: Int32
    var name: Int32

    static let receiveBuffer = Option(level: SOL_SOCKET, name: SO_RCVBUF)
    static let receiveLowWater = Option(level: SOL_SOCKET, name: SO_RCVLOWAT)
    static let reuseAddress = Option(level: SOL_SOCKET, name: SO_REUSEADDR)
    /// TCP_NODELAY (include/uapi/linux/tcp.h).
    static let noDelay = Option(level: Int32(IPPROTO_TCP), name: 1)
  }

  static func set(_ option: Option, _ value: Int32, of socket: Descriptor) throws(Errno) {
    var value = value
    try check(unsafe setsockopt(socket.number, option.level, option.name, &value, 4))
  }

  static func value(_ option: Option, of socket: Descriptor) throws(Errno) -> Int32 {
    var value: Int32 = 0
    var size: socklen_t = 4
    try check(unsafe getsockopt(socket.number, option.level, option.name, &value, &size))
    return value
  }

  /// Has close(2) send a RST instead of a FIN.
  static func closeWithReset(_ socket: Descriptor) throws(Errno) {
    var value = linger(l_onoff: 1, l_linger: 0)
    try check(unsafe setsockopt(socket.number, SOL_SOCKET, SO_LINGER, &value, socklen_t(MemoryLayout<linger>.size)))
  }

  static func send(_ bytes: [UInt8], by socket: Descriptor) throws(Errno) {
    let sent = unsafe bytes.withUnsafeBytes { unsafe Glibc.send(socket.number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    if sent < 0 { throw lastError }
  }

  /// read(2): what is there, `limit` bytes at most; empty at the end.
  static func receive(_ socket: Descriptor, limit: Int) throws(Errno) -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: limit)
    let got = unsafe buffer.withUnsafeMutableBytes { unsafe read(socket.number, $0.baseAddress, $0.count) }
    if got < 0 { throw lastError }
    return Array(buffer[..<got])
  }

  /// Which of `sockets` have something to read, waiting up to `milliseconds` for one.
  static func readable(_ sockets: [Descriptor], milliseconds: Int32) -> [Bool] {
    var requests = sockets.map { pollfd(fd: $0.number, events: Int16(POLLIN), revents: 0) }
    guard unsafe poll(&requests, nfds_t(requests.count), milliseconds) > 0 else { return sockets.map { _ in false } }
    return requests.map { $0.revents != 0 }
  }

  // MARK: threads

  private final class ThreadBody: Sendable {
    let name: String
    let run: @Sendable () -> Void
    init(_ name: String, _ run: @escaping @Sendable () -> Void) { (self.name, self.run) = (name, run) }
  }

  /// The number of the calling thread.
  static var threadID: Int32 { wakepath_gettid() }

  /// Runs `body` on a thread called `name` (15 bytes at most), which nobody need wait for.
  static func startThread(_ name: String, _ body: @escaping @Sendable () -> Void) throws(Errno) {
    let argument = unsafe Unmanaged.passRetained(ThreadBody(name, body))
    var handle = pthread_t()
    let error = unsafe pthread_create(
      &handle, nil,
      { argument in
        if let argument = unsafe argument {
          let body = unsafe Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue()
          unsafe wakepath_name_thread(body.name)
          body.run()
        }
        return nil
      }, argument.toOpaque())
    guard error == 0 else {
      unsafe argument.release()
      throw Errno(rawValue: error)
    }
    pthread_detach(handle)
  }
}
