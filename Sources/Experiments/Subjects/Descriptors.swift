internal import Linux
internal import SystemPackage

/// S10, S11 and S12: what socket() returns, what is behind it, and how many there can be.
enum Descriptors {
  /// S10: open() and socket() by turns take the lowest free number of one table.
  static func table() throws(Failure) -> Account.Finding {
    try Failure.naming("a descriptor cannot be opened") { () throws(Errno) in
      var held: [SharedDescriptor] = []
      var good = 0
      var bad: [String] = []
      func take(_ expected: Int32?, asSocket: Bool) throws(Errno) {
        let descriptor = try asSocket ? SharedDescriptor(SocketKind.udp.open()) : SharedDescriptor(Files.open("/dev/null"))
        let target = Files.linkTarget("/proc/self/fd/\(descriptor.number)") ?? "nothing"
        let isListed = asSocket ? target.hasPrefix("socket:[") : target == "/dev/null"
        if isListed, expected == nil || expected == descriptor.number {
          good += 1
        } else {
          bad.append("\(asSocket ? "socket" : "open")() = \(descriptor.number) -> \(target)")
        }
        held.append(descriptor)
      }
      // Where the first goes is not ours to say: below it, numbers may be free or not.
      try take(nil, asSocket: false)
      for index in 0..<6 { try take(nextFree(), asSocket: index % 2 == 0) }
      // A socket's number that is given back goes to the next open(), and a file's to the next socket().
      for (index, asSocket) in [(1, false), (2, true)] {
        let number = held[index].number
        held[index].close()
        try take(number, asSocket: asSocket)
      }
      let numbers = held.map { "\($0.number)" }.joined(separator: ", ")
      let detail =
        bad.isEmpty
        ? "open() and socket() by turns got \(numbers): each the lowest free number, each in /proc/self/fd" : bad.joined(separator: ", ")
      return Account.Finding(claim: "S10", supporting: good, opposing: bad.count, detail: detail)
    }
  }

  /// The lowest number that is not in /proc/self/fd. The descriptor of that directory itself is in it while it is read, so each is asked for.
  private static func nextFree() -> Int32 { (0...).first { Files.linkTarget("/proc/self/fd/\($0)") == nil } ?? 0 }

  /// S11: a file's descriptor leads to an inode, a socket's to a socket; and the socket's to an inode as well.
  static func status() throws(Failure) -> Account.Finding {
    try Failure.naming("a descriptor cannot be opened") { () throws(Errno) in
      let file = try SharedDescriptor(Files.open("/proc/self/exe"))
      let socket = try SharedDescriptor(SocketKind.tcp.open())
      let (ofFile, ofSocket) = (try FileStatus(file.file), try FileStatus(socket.file))
      let link = Files.linkTarget("/proc/self/fd/\(socket.number)") ?? "nothing"
      let fileIsFile = ofFile.kind == .regular && ofFile.inode > 0
      let socketIsSocket = ofSocket.kind == .socket
      let socketHasInode = ofSocket.inode > 0 && link == "socket:[\(ofSocket.inode)]"
      let detail =
        "fstat says \(socketIsSocket ? "S_IFSOCK" : "something else") of a socket; /proc/self/fd has it as \(link)"
        + (socketHasInode ? ", which is its inode in sockfs: it has one, too" : "")
      return Account.Finding(
        claim: "S11", supporting: [fileIsFile, socketIsSocket].count { $0 },
        opposing: [!fileIsFile, !socketIsSocket, socketHasInode].count { $0 }, detail: detail)
    }
  }

  private static let defaultLimit: UInt = 1024

  /// S12: with the kernel's default limit, sockets until there is no more; and what the kernel and this machine set.
  static func limit() throws(Failure) -> Account.Finding {
    let limits = ThisProcess.openFiles
    guard limits.allowed >= defaultLimit else {
      throw Failure("this machine allows \(limits.allowed) descriptors at most, less than \(defaultLimit)")
    }
    // Asked now, for later there is no descriptor to ask with.
    let kernel = kernelDefault()
    try Failure.naming("the limit cannot be set", { () throws(Errno) in try ThisProcess.setOpenFiles(defaultLimit) })
    defer { try? ThisProcess.setOpenFiles(limits.chosen) }
    var sockets: [SharedDescriptor] = []
    var refusal: Errno?
    while refusal == nil, sockets.count <= defaultLimit {
      do throws(Errno) { sockets.append(try SharedDescriptor(SocketKind.udp.open())) } catch { refusal = error }
    }
    let last = sockets.last?.number ?? 0
    let isAsSaid = refusal == .tooManyOpenFiles && last == Int32(defaultLimit) - 1
    var detail =
      "with a limit of \(defaultLimit), \(sockets.count) sockets up to descriptor \(last), then \"\(refusal.map { "\($0)" } ?? "no error")\""
    if let kernel { detail += "; the kernel's default is \(kernel) (limits of kthreadd)" }
    detail += "; here the limit is \(text(limits.chosen)), at most \(text(limits.allowed))"
    return Account.Finding(
      claim: "S12", supporting: (isAsSaid ? 1 : 0) + (kernel == defaultLimit ? 1 : 0),
      opposing: (isAsSaid ? 0 : 1) + (kernel == nil || kernel == defaultLimit ? 0 : 1), detail: detail)
  }

  private static func text(_ limit: UInt) -> String { limit == .max ? "unlimited" : "\(limit)" }

  /// The limit that the kernel's own threads have, which no service manager sets; nil where they cannot be seen.
  private static func kernelDefault() -> UInt? {
    guard (try? Files.text(of: "/proc/2/comm")) == "kthreadd\n", let limits = try? Files.text(of: "/proc/2/limits") else {
      return nil
    }
    return softLimit(inLimits: limits)
  }

  /// `Max open files            1024                 4096                 files`
  static func softLimit(inLimits text: String) -> UInt? {
    let line = text.split(separator: "\n").first { $0.hasPrefix("Max open files") }
    return line?.split(separator: " ").compactMap { UInt($0) }.first
  }
}
