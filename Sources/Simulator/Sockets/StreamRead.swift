internal import Events
internal import Journeys

/// tcp_recvmsg (net/ipv4/tcp.c).
extension CPU {
  /// Reads up to `limit` bytes; then `next` is called with the result.
  func receive(from socket: StreamSocket, limit: Int, isBlocking: Bool, _ next: @escaping (CPU, Int) -> Void) {
    let call = ReceiveCall(socket, limit: limit, isBlocking: isBlocking, next)
    run({ $0.lock(socket) }, { $0.copyNext(call) })
  }

  private func copyNext(_ call: ReceiveCall) {
    let socket = call.socket
    guard call.copied < call.limit else { return finish(call) }
    guard let entry = socket.queue.first else { return waitForMore(call) }
    let bytes = min(entry.to - socket.read, call.limit - call.copied)
    guard bytes > 0 else {
      // A FIN without data.
      socket.queue.removeFirst()
      return run({ $0.freeAtHome(entry.packet) }, { $0.finish(call) })
    }
    let excess = self.excess(socket, bytes, copied: call.copied)
    let mark = emit(.skbCopyDatagram(skb: entry.packet.address, length: Int32(bytes + excess)))
    socket.read += bytes
    call.copied += bytes
    call.excess += excess
    for part in entry.parts where part.end <= socket.read && part.truth.outcome == nil {
      part.truth.mark(.read, mark)
      part.truth.reader = current.pid
      part.truth.end(.delivered)
    }
    run(
      { cpu in
        cpu.emit(.tcpRcvSpaceAdjust(socket: socket.address, cookie: socket.cookie, flow: socket.flow))
        socket.account.copy()
      },
      { cpu in
        guard socket.read >= entry.to else { return cpu.finish(call) }
        socket.queue.removeFirst()
        cpu.freeAtHome(entry.packet)
        if entry.isFIN { cpu.finish(call) } else { cpu.copyNext(call) }
      })
  }

  /// The queue is empty: the call ends with what it has, looks into the backlog, or waits.
  private func waitForMore(_ call: ReceiveCall) {
    let socket = call.socket
    if call.copied >= min(socket.lowWater, call.limit) {
      guard !socket.backlog.isEmpty else { return finish(call) }
      return run({ $0.processBacklog(of: socket) }, { $0.copyNext(call) })
    }
    if call.copied > 0, !call.isBlocking { return finish(call) }
    if socket.hasReceivedFIN || socket.state == .close { return finish(call) }
    guard call.isBlocking else {
      call.result = -11
      return finish(call)
    }
    run(
      { $0.cleanUp(socket) }, { $0.release(socket) },
      { $0.wait(for: socket.waiters, unless: { !socket.queue.isEmpty || socket.hasReceivedFIN }) },
      { $0.lock(socket) }, { $0.copyNext(call) })
  }

  /// tcp_cleanup_rbuf: an ACK that waited for the reader.
  private func cleanUp(_ socket: StreamSocket) {
    if socket.isACKDelayed, machine.random.chance(0.5) { acknowledge(socket, for: nil) }
  }

  private func finish(_ call: ReceiveCall) {
    let socket = call.socket
    let result = call.result ?? call.copied + call.excess
    run(
      { $0.cleanUp(socket) }, { $0.release(socket) },
      { cpu in
        socket.noteRead()
        socket.account.read(result)
        cpu.emit(
          .sockRecvLength(
            socket: socket.address, family: Event.AddressFamily.inet, protocol: Event.IPProtocol.tcp, result: Int32(result), flags: 0))
      }, { call.next($0, result) })
  }

  /// Waits in `waiters` until woken, unless `isDone`.
  func wait(for waiters: Waiters, unless isDone: @escaping () -> Bool) {
    let task = current
    run(
      { cpu in
        waiters.tasks.append(task)
        cpu.wait(unless: isDone)
      }, { _ in waiters.tasks.removeAll { $0 === task } })
  }
}

/// A receive call that runs.
private final class ReceiveCall {
  let socket: StreamSocket
  let limit: Int
  let isBlocking: Bool
  let next: (CPU, Int) -> Void
  var copied = 0
  var excess = 0
  var result: Int?

  init(_ socket: StreamSocket, limit: Int, isBlocking: Bool, _ next: @escaping (CPU, Int) -> Void) {
    self.socket = socket
    self.limit = limit
    self.isBlocking = isBlocking
    self.next = next
  }
}
