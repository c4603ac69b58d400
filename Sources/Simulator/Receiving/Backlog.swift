internal import Events

/// A CPU's queue of packets that were handed to the stack by netif_rx or by RPS (`struct softnet_data`).
final class Backlog {
  let napi: NAPI
  unowned let cpu: CPU
  var input: [Packet] = []
  var process: [Packet] = []

  init(_ cpu: CPU) {
    self.cpu = cpu
    napi = NAPI(id: 0, device: "(no_device)")
    napi.poll = { [unowned self] in $0.processBacklog(self) }
  }
}

extension CPU {
  /// netif_rx, called by the driver function of a device inside this machine.
  func netifRx(_ packet: Packet, device: String) {
    let truth = ReceivedTruth(packet.address, device: device, length: packet.length)
    packet.received = [truth]
    packet.device = device
    let arrival = Arrival(skb: packet.address, device: name(device), napi: 0, length: UInt32(packet.length))
    let mark = emit(.netifRxEntry(arrival))
    machine.truth.add(truth)
    truth.mark(.gro, mark)
    truth.isFromBacklog = true
    if let sent = packet.sent {
      sent.complete(mark)
      truth.follows = sent
      packet.sent = nil
    }
    run({ $0.enqueue(packet, to: $0.steeringTarget) })
  }

  /// get_rps_cpu
  private var steeringTarget: CPU { machine.settings.rpsTarget.map { machine.cpus[$0] } ?? self }

  /// enqueue_to_backlog
  private func enqueue(_ packet: Packet, to target: CPU) {
    let backlog = target.backlog
    guard backlog.input.count < machine.settings.backlogLimit else { return drop(packet, .cpuBacklog, at: .backlog) }
    backlog.input.append(packet)
    guard !backlog.napi.isScheduled else { return }
    var raised: Mark?
    if target === self {
      raised = schedule(backlog.napi)
    } else {
      backlog.napi.isScheduled = true
      softirq.ipis.append(target)
      if !softirq.isInNetRX || !machine.kernel.schedulesSilentlyInNetRX { raised = raise(SoftIRQ.netRX) }
    }
    if packet.received[0].isFromBacklog { packet.received[0].mark(.raise, raised) }
  }

  /// netif_receive_skb_list_internal: RPS takes its packets out, the others are processed here.
  func receiveList(_ batch: [Packet]) {
    guard machine.settings.rpsTarget != nil, steeringTarget !== self else { return receiveBatch(batch) }
    for packet in batch.reversed() { run({ $0.enqueue(packet, to: $0.steeringTarget) }) }
  }

  /// process_backlog
  fileprivate func processBacklog(_ backlog: Backlog) {
    if backlog.process.isEmpty {
      backlog.process = backlog.input
      backlog.input = []
    }
    guard !backlog.process.isEmpty else {
      backlog.napi.isScheduled = false
      return
    }
    guard backlog.napi.work < backlog.napi.weight else { return }
    let packet = backlog.process.removeFirst()
    backlog.napi.work += 1
    if packet.received[0].isFromBacklog, let entry = softirq.entry { packet.received[0].markLate(.softirq, entry) }
    run({ $0.receiveBatch([packet]) }, { $0.processBacklog(backlog) })
  }
}
