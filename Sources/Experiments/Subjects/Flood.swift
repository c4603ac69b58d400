internal import Linux
internal import Synchronization
internal import SystemPackage

/// S6b: times without packets of ours, and times with a flood of small datagrams over loopback, which is bounded in time and number.
struct Flood {
  private static let windowMilliseconds: UInt32 = 250
  private static let mostDatagrams = 8000
  private static let rounds = 3

  /// Runs on the loopback device of `network`, or of this process's namespace.
  static func run(in network: NetworkNamespace?, tag: String) throws(Failure) -> [Account.Window] {
    if let network { try Networks.inside(network) { () throws(Failure) in } }
    let (sender, receiver) = try Failure.naming("there is no loopback") { () throws(Errno) in
      let sockets = (try SharedDescriptor(SocketKind.udp.open()), try SharedDescriptor(SocketKind.udp.open()))
      try sockets.1.file.bind(to: .loopback(0))
      try sockets.0.file.connect(to: .loopback(try sockets.1.file.localPort))
      return sockets
    }
    // An empty datagram ends it.
    let reader = try BlockingCall("flood", tag: tag) { () throws(Errno) in
      while !(try receiver.file.receive(limit: 64)).isEmpty {}
      return .returned
    }
    var windows: [Account.Window] = []
    for _ in 0..<rounds {
      windows.append(
        try window(isFlood: false) { () throws(Errno) in
          KernelClock.sleep(milliseconds: windowMilliseconds)
          return 0
        })
      windows.append(try window(isFlood: true) { () throws(Errno) in try flood(sender) })
      // Lets the reader catch up, so that a rest is one.
      KernelClock.sleep(milliseconds: 20)
    }
    for _ in 0..<100 where reader.outcome == nil {
      try? sender.file.send([])
      KernelClock.sleep(milliseconds: 10)
    }
    return windows
  }

  private static func flood(_ sender: SharedDescriptor) throws(Errno) -> Int {
    let end = KernelClock.now + UInt64(windowMilliseconds) * 1_000_000
    let datagram = [UInt8](repeating: 0x77, count: 16)
    var sent = 0
    while sent < mostDatagrams, KernelClock.now < end {
      try sender.file.send(datagram)
      sent += 1
    }
    return sent
  }

  private static func window(isFlood: Bool, _ body: () throws(Errno) -> Int) throws(Failure) -> Account.Window {
    let before = ProcessorTimes.now()
    let from = KernelClock.now
    let packets = try Failure.naming("datagrams cannot be sent over loopback", body)
    let to = KernelClock.now
    let share = before.flatMap { before in ProcessorTimes.now().flatMap { $0.softirqPerMille(since: before) } }
    return Account.Window(isFlood: isFlood, from: from, to: to, packets: packets, softirqPerMille: share)
  }
}

/// The first line of /proc/stat: what `top` makes its `si` from.
struct ProcessorTimes: Equatable {
  private let ticks: [Int]

  /// `line` begins with `cpu`, then user, nice, system, idle, iowait, irq, softirq and more.
  init?(_ line: Substring) {
    let fields = line.split(separator: " ")
    guard fields.first == "cpu", fields.count >= 9 else { return nil }
    // Guests' time, behind these, is counted in user and nice already.
    ticks = fields[1..<9].compactMap { Int($0) }
    guard ticks.count == 8 else { return nil }
  }

  static func now() -> ProcessorTimes? {
    (try? Files.text(of: "/proc/stat"))?.split(separator: "\n").first.flatMap { ProcessorTimes($0) }
  }

  /// The share of soft interrupts in the time since `before`, in thousandths.
  func softirqPerMille(since before: ProcessorTimes) -> Int? {
    let all = zip(ticks, before.ticks).reduce(0) { $0 + $1.0 - $1.1 }
    return all > 0 ? (ticks[6] - before.ticks[6]) * 1000 / all : nil
  }
}
