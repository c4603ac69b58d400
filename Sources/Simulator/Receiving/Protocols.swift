internal import Events
internal import Journeys

/// Protocol processing: from netif_receive_skb to TCP, UDP, ICMP and ARP.
extension CPU {
  /// __netif_receive_skb_list_core: each packet of a run of one protocol is announced before the first of them is processed; a packet of
  /// another protocol has the run before it processed when it has itself been announced.
  func receiveBatch(_ batch: [Packet]) {
    var steps: [Step] = []
    var group: [Packet] = []
    let together = BatchTruth()
    together.count = batch.count
    for truth in batch.flatMap(\.received) { truth.batch = together }
    for packet in batch {
      steps.append { $0.announceReceived(packet) }
      if let first = group.first, first.isARP != packet.isARP {
        steps += group.map { packet in { $0.process(packet) } }
        group = []
      }
      group.append(packet)
    }
    steps += group.map { packet in { $0.process(packet) } }
    run(steps)
  }

  private func announceReceived(_ packet: Packet) {
    let length = lengthOut(of: packet)
    packet.leaveRound(isWhole: true)
    let mark = emit(.netifReceiveSkb(skb: packet.address, length: UInt32(length), device: name(packet.device)))
    // What loopback returns was read when it was sent.
    if machine.hasProbes, packet.device != "lo" { emit(.flow(header(of: packet))) }
    for truth in packet.received { truth.mark(.receive, mark) }
    packet.received[0].length = packet.length
  }

  private func process(_ packet: Packet) {
    if softirq.isServing, deviates(.switching, if: true) { switchAndBack() }
    switch packet.content {
    case .tcp(let segment): receive(packet, segment)
    case .datagram(let port, let size): receiveDatagram(packet, port, size)
    case .echoRequest:
      let reply = allocate(packet.length, .icmp)
      packet.received[0].end(.absorbed)
      run({ $0.transmit(reply, answering: packet.received[0]) }, { $0.consume(packet, at: .icmp) })
    case .icmp:
      packet.received[0].end(.absorbed)
      run({ $0.consume(packet, at: .icmp) })
    case .arp:
      packet.received[0].end(.absorbed)
      run({ $0.consume(packet, at: .arp) })
    }
  }

  /// The packet made `socket` announce data: sk_data_ready, and the tasks that wait for it are woken.
  func announceData(_ socket: UInt64, _ number: UInt16, _ waiters: Waiters, for truths: [ReceivedTruth]) {
    let mark = emitReady(socket, number)
    for truth in truths where truth.stages[.ready] == nil { truth.mark(.ready, mark) }
    run({ $0.wakeAll(waiters, for: truths, isAnnounced: true) })
  }

  /// The event of an announcement, or the probe's in its place.
  private func emitReady(_ socket: UInt64, _ number: UInt16) -> Mark {
    if machine.hasProbes, !machine.kernel.hasDataReady { return emit(.sockDefReadable(socket: socket)) }
    return emit(.skDataReady(socket: socket, family: Event.AddressFamily.inet, protocol: number))
  }

  /// Wakes who waits: all, or of those that wait exclusively the first that is asleep.
  func wakeAll(_ waiters: Waiters, for truths: [ReceivedTruth], isAnnounced: Bool = false) {
    run(waiters.toWake().map { task in { $0.wake(task, for: truths, isAnnounced: isAnnounced) } })
  }

  /// Wakes `task` on account of these packets.
  private func wake(_ task: Task, for truths: [ReceivedTruth], isAnnounced: Bool) {
    let isAway = !task.isQueued
    guard let mark = wake(task) else { return }
    if deviates(.wakings, if: isAnnounced && isAway) { emit(.schedWaking(pid: task.pid, comm: name(task.name)), 0x01) }
    let waking = Waking(pid: task.pid, mark: mark)
    task.wakings.append(waking)
    for truth in truths { truth.wakings.append(waking) }
  }
}

extension Packet {
  var isARP: Bool { if case .arp = content { true } else { false } }
}

/// Tasks that wait for something of a socket.
final class Waiters {
  var tasks: [Task] = []
  /// Whether one woken task is enough.
  var isExclusive: Bool
  /// epoll instances that watch the socket.
  var polls: [Waiters] = []

  init(isExclusive: Bool = false) { self.isExclusive = isExclusive }

  /// Whom a wakeup goes to now.
  func toWake() -> [Task] {
    let asleep = tasks.filter { $0.state == .sleeping }
    return (isExclusive ? Array(asleep.prefix(1)) : asleep) + polls.flatMap { $0.toWake() }
  }
}
