internal import Linux
internal import SystemPackage

/// The wire between the two hosts: takes each segment that one of them sends, waits until everybody sleeps who should,
/// hands it to the other, and looks who slept no longer then.
final class Wire {
  private let networks: Networks
  private let clientEnd: SharedDescriptor
  private let serverEnd: SharedDescriptor
  private var seen: Set<[UInt8]> = []
  /// What was let through so far.
  private(set) var passed: [Account.Passed] = []

  /// Which host a segment goes to.
  enum Side {
    case client, server
  }

  init(_ networks: Networks, tag: String) throws(Failure) {
    self.networks = networks
    func end(_ name: String) throws(Failure) -> SharedDescriptor {
      try Networks.inside(networks.wireSide) { () throws(Failure) in
        let index = try Networks.index(name)
        return try Failure.naming("no packet socket can be made") { () throws(Errno) in
          let socket = try SharedDescriptor(SocketKind.packets.open())
          try socket.file.bind(toDevice: index)
          return socket
        }
      }
    }
    clientEnd = try end("wpa-\(tag)")
    serverEnd = try end("wpb-\(tag)")
  }

  /// Lets segments through until the one towards `side` that `matches`, which is counted as `role`; the others as what no experiment is about.
  /// `sleepers` must sleep before each. `change` is made on the one, before its checksum is filled in.
  func pass(
    _ role: Account.Passed.Role, to side: Side, past sleepers: [BlockingCall], changing change: (inout Segment) -> Void = { _ in },
    where matches: (Segment) -> Bool
  ) throws(Failure) {
    let deadline = KernelClock.now + 20_000_000_000
    while KernelClock.now < deadline {
      guard let (received, to) = next(milliseconds: 100) else { continue }
      var segment = received
      let isThis = to == side && matches(segment)
      if isThis { change(&segment) }
      try hand(segment, to: to, as: isThis ? role : .other, sleepers)
      if isThis { return }
    }
    throw Failure("no \(role.rawValue) came over the wire within 20 s")
  }

  /// Lets through what else comes until nothing has come for `milliseconds`.
  func settle(milliseconds: Int32 = 5) throws(Failure) {
    while let (segment, side) = next(milliseconds: milliseconds) { try hand(segment, to: side, as: .other, []) }
  }

  /// The next segment and where it goes. One that is sent again, because it waited too long here, is thrown away.
  private func next(milliseconds: Int32) -> (Segment, Side)? {
    let readable = FileDescriptor.wait(for: [clientEnd, serverEnd].map(\.file), timeout: milliseconds)
    for (isReadable, (end, to)) in zip(readable, [(clientEnd, Side.server), (serverEnd, Side.client)]) where isReadable {
      guard let frame = try? end.file.receive(limit: 1 << 16), let segment = Segment(frame) else { continue }
      if seen.insert(segment.identity).inserted { return (segment, to) }
    }
    return nil
  }

  private func hand(_ segment: Segment, to side: Side, as role: Account.Passed.Role, _ sleepers: [BlockingCall]) throws(Failure) {
    var segment = segment
    segment.fillChecksum()
    let asleep = sleepers.compactMap { call in call.sleeps().map { (call, $0) } }
    try Failure.naming("a segment cannot be handed on") { () throws(Errno) in
      try (side == .client ? clientEnd : serverEnd).file.send(segment.frame)
    }
    // What the segment does it has done by the time send returns, unless ksoftirqd was left to do it.
    KernelClock.sleep(milliseconds: role == .other ? 1 : 8)
    let woke = asleep.filter { call, before in
      guard let after = call.sleeps(within: 1) else { return true }
      return after != before
    }
    passed.append(
      Account.Passed(
        device: side == .client ? networks.clientDevice : networks.serverDevice, role: role, slept: asleep.map(\.0.name),
        woke: woke.map(\.0.name)))
  }
}
