internal import Events
internal import Journeys

/// A UDP socket.
final class DatagramSocket {
  let address: UInt64
  let port: UInt16
  var queue: [(packet: Packet, size: Int)] = []
  /// Datagrams that SO_RCVBUF has room for.
  var limit = 1000
  let waiters = Waiters(isExclusive: true)

  init(address: UInt64, port: UInt16) {
    self.address = address
    self.port = port
  }
}

extension CPU {
  /// udp_rcv
  func receiveDatagram(_ packet: Packet, _ port: UInt16, _ size: Int) {
    let truth = packet.received[0]
    guard let socket = machine.endpoints.datagrams[port] else {
      let error = allocate(packet.length + 28, .icmp)
      return run({ $0.transmit(error, answering: truth) }, { $0.drop(packet, .noSocket, at: .udpReceive) })
    }
    truth.protocolNumber = Event.IPProtocol.udp
    guard socket.queue.count < socket.limit else { return drop(packet, .receiveBufferFull, at: .udpQueue) }
    truth.socket = socket.address
    truth.stream = 0..<Int64(size)
    socket.queue.append((packet, size))
    run({ $0.announceData(socket.address, Event.IPProtocol.udp, socket.waiters, for: [truth]) })
  }

  /// recvmsg of a UDP socket with a buffer of `limit` bytes; then `next` is called with the result.
  func receive(from socket: DatagramSocket, limit: Int, isBlocking: Bool, _ next: @escaping (CPU, Int) -> Void) {
    guard let first = socket.queue.first else {
      guard isBlocking else { return finish(socket, -11, next) }
      let task = current
      return run(
        { cpu in
          socket.waiters.tasks.append(task)
          cpu.wait(unless: { !socket.queue.isEmpty })
        },
        { cpu in
          socket.waiters.tasks.removeAll { $0 === task }
          cpu.receive(from: socket, limit: limit, isBlocking: isBlocking, next)
        })
    }
    socket.queue.removeFirst()
    let bytes = min(first.size, limit)
    let truth = first.packet.received[0]
    truth.reader = current.pid
    let isPaged = first.size > 900 && first.packet.device != "lo"
    run(
      { cpu in
        guard isPaged else { return }
        truth.mark(.read, cpu.emit(.skbCopyDatagram(skb: first.packet.address, length: Int32(bytes))))
      },
      { $0.freeRead(first.packet) }, { $0.finish(socket, bytes, next, truth) })
  }

  private func finish(_ socket: DatagramSocket, _ result: Int, _ next: @escaping (CPU, Int) -> Void, _ truth: ReceivedTruth? = nil) {
    if let truth, truth.stages[.read] == nil { truth.mark(.read, emit(received(socket, result))) } else { emit(received(socket, result)) }
    truth?.end(.delivered)
    run({ next($0, result) })
  }

  private func received(_ socket: DatagramSocket, _ result: Int) -> EventBody {
    .sockRecvLength(
      socket: socket.address, family: Event.AddressFamily.inet, protocol: Event.IPProtocol.udp, result: Int32(result), flags: 0)
  }

  /// skb_consume_udp: at once and with an event before 6.18, then by the CPU that allocated it.
  private func freeRead(_ packet: Packet) {
    guard machine.kernel.freesDatagramsSilently else {
      let truth = packet.received[0]
      let isUnseen = truth.stages[.read] == nil
      let mark = emit(.consumeSkb(skb: packet.address, location: KernelLocation.datagramRead.address))
      if isUnseen { truth.mark(.read, mark) }
      return machine.pool.give(packet.address)
    }
    freeAtHome(packet)
  }

  /// skb_attempt_defer_free
  func freeAtHome(_ packet: Packet) {
    if packet.home === self { freeSilently(packet) } else { packet.home.deferred.append(packet) }
  }
}
