internal import Events

/// A packet that is handed to a device for sending.
struct SentFrame {
  /// The address of the sk_buff.
  var skb: UInt64
  var device: NameID
  /// Bytes with the Ethernet header.
  var length: UInt32
}

/// Events of packets on their way out, and of the calls that send them.
extension JourneyEngine {
  /// net_dev_queue: a new packet to send, or a received one that goes on by another device.
  mutating func queued(_ e: Event, _ frame: SentFrame) {
    let context = context(of: e)
    if let context { receive.noteOtherEvent(in: context) }
    if transmit.passesDown(frame, in: context) { return }
    let received = receive.forwarded(frame.skb, length: frame.length, by: frame.device, in: context, sockets)
    takeEnded()
    let packet = transmit.queued(e, frame, &numbering)
    if let received { return transmit.setForwarded(packet, id: received) }
    attribute(e, packet, length: frame.length, in: context)
  }

  /// Whose packet it is: an answer to the one that is being processed, part of a handshake, or what the current task sends.
  private mutating func attribute(_ e: Event, _ packet: PacketRef, length: UInt32, in context: Int?) {
    let length = min(length, JourneyNumbering.longestPacket)
    if let context, let cause = receive.cause(ofSending: length, e, in: context) {
      transmit.setCause(of: packet, cause)
      if let task = tasks.known(e.pid) { _ = tasks.removeHandshakeAnswer(task) }
      return
    }
    guard e.context == .process, e.pid != 0 else { return }
    let task = tasks.findOrAdd(e.pid)
    let sender = Journey.Task(pid: e.pid, comm: tasks.comm(of: task))
    if let changed = tasks.removeChanged(task) {
      // connect(), close() or shutdown(): the SYN or FIN behind the change of state.
      let socket = SendingSocket(task: sender, socket: changed.socket, protocolNumber: Event.IPProtocol.tcp, flow: changed.flow)
      return transmit.setSocket(of: packet, socket, nil)
    }
    // The ACK that ends a handshake, from a task that found the SYN-ACK in its backlog.
    if tasks.removeHandshakeAnswer(task), Self.isEmptySegment(length) { return }
    guard hasSendLength else { return transmit.setSender(of: packet, sender) }
    if let forgotten = tasks.noteSent(task, packet) { transmit.callEnds(of: forgotten) }
    transmit.noteCall(of: packet)
  }

  /// Whether `length` is that of a frame of a segment without data: IPv4 and IPv6, without and with time stamps.
  private static func isEmptySegment(_ length: UInt32) -> Bool { length == 54 || length == 66 || length == 74 || length == 86 }

  /// net_dev_xmit: the driver's function returns.
  mutating func driverReturns(_ e: Event, _ skb: UInt64, rc: Int32) {
    guard let context = context(of: e) else { return }
    receive.backlogEnds(in: context)
    transmit.driverReturns(e, skb, rc: rc, in: context)
  }

  /// sock_send_length: the call that made these packets returns, with bytes or the negative number of an error.
  mutating func sendReturns(_ e: Event, _ address: UInt64, protocolNumber: UInt16, result: Int32) {
    if e.context == .process, let task = tasks.known(e.pid) {
      let count = tasks.sentCount(of: task)
      if result >= 0, count > 0 {
        let socket = SendingSocket(
          task: Journey.Task(pid: e.pid, comm: tasks.comm(of: task)), socket: address, protocolNumber: protocolNumber,
          flow: sockets.known(address).map { sockets[$0].flow })
        let mark = StageMark(e, .sockSendLength, .ordered)
        for number in 0..<count { transmit.setSocket(of: tasks.sent(by: task, number), socket, mark) }
      }
      forgetSent(of: task)
    }
    callEnds(e)
  }

  /// What a task has sent is not part of a send call, or the call is over.
  mutating func forgetSent(of task: Int) {
    let count = tasks.sentCount(of: task)
    guard count > 0 else { return }
    for number in 0..<count { transmit.callEnds(of: tasks.sent(by: task, number)) }
    tasks.forgetSent(of: task)
  }

  // MARK: losses and ends

  /// Events of a CPU are missing until `before`, in nanoseconds: whatever is in flight may have gone on unseen.
  mutating func loseEvents(_ e: Event, _ before: UInt64) {
    numbering.lose(until: before)
    // Where every CPU lost events at once, all else is lost once.
    if lastGap &+ 1 != e.order {
      receive.loseEvents()
      sockets.loseEvents()
      transmit.loseEvents()
      for task in 0..<tasks.count { forgetSent(of: task) }
      transmit.endSplits()
      tasks.forgetReads()
      takeEnded()
    }
    lastGap = e.order
    receive.forget(onCPU: e.cpuIndex, e.time)
    interrupts.forget(onCPU: e.cpuIndex)
    transmit.forget(onCPU: e.cpuIndex)
  }

  /// Ends every journey that is still under way: the recording is over.
  public mutating func finish() {
    receive.finish()
    takeEnded()
    transmit.finish()
    takeEnded()
  }

  /// The recording pauses, or goes on after a pause: nothing that was under way can be followed across.
  mutating func forgetAll() {
    finish()
    receive.forgetAll()
    interrupts.forgetAll()
    transmit.forgetAll()
    sockets.forgetQueues()
    tasks.forgetCalls()
  }
}
