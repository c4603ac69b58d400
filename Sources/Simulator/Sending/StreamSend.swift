internal import Events

/// tcp_sendmsg and udp_sendmsg.
extension CPU {
  /// Sends `bytes`; then `next` is called.
  func send(_ bytes: Int, by socket: StreamSocket, _ next: @escaping Step) {
    let call = SendCall()
    run(
      { $0.lock(socket) }, { $0.sendNext(bytes, socket, call) }, { $0.release(socket) },
      { $0.endSend(socket.address, Event.IPProtocol.tcp, bytes, call) }, next)
  }

  private func sendNext(_ bytes: Int, _ socket: StreamSocket, _ call: SendCall) {
    guard bytes > 0 else { return }
    guard socket.mayWriteAgain else {
      // sk_stream_wait_memory
      return run(
        { $0.release(socket) }, { $0.wait(for: socket.writers, unless: { socket.mayWriteAgain }) }, { $0.lock(socket) },
        { $0.sendNext(bytes, socket, call) })
    }
    let part = min(bytes, Self.largestSegment)
    let segment = socket.segment(from: socket.sent, to: socket.sent + part)
    socket.sent += part
    socket.isACKDelayed = false
    run(
      { cpu in
        let packet = cpu.allocate(segment.headers + part, .tcp(segment))
        call.packets.append(cpu.transmit(packet, via: socket.connection.devices[socket.side], sender: cpu.current))
      }, { $0.sendNext(bytes - part, socket, call) })
  }

  /// What one skb takes.
  private static let largestSegment = 32_000

  /// Sends a datagram from `socket` to `port` of this machine, or to the wire; then `next` is called.
  func send(_ size: Int, to port: UInt16, from socket: UInt64, via device: Device, _ next: @escaping Step) {
    let call = SendCall()
    run(
      { cpu in
        let packet = cpu.allocate(28 + size, .datagram(port: port, size: size))
        call.packets.append(cpu.transmit(packet, via: device, sender: cpu.current))
      },
      { $0.endSend(socket, Event.IPProtocol.udp, size, call) }, next)
  }

  private func endSend(_ socket: UInt64, _ number: UInt16, _ bytes: Int, _ call: SendCall) {
    let mark = emit(.sockSendLength(socket: socket, family: Event.AddressFamily.inet, protocol: number, result: Int32(bytes)))
    for packet in call.packets { packet.stages[.send] = mark.time }
  }
}

/// What one send call has sent.
private final class SendCall {
  var packets: [SentTruth] = []
}
