internal import Events

/// The way out (net/core/dev.c): dev_queue_xmit, the split, the driver.
extension CPU {
  /// Bytes of the Ethernet header, which lengths on the way out include.
  private static let linkHeader = 14

  /// Sends an answer by the device that the question came in by.
  func transmit(_ packet: Packet, answering truth: ReceivedTruth) {
    let device = machine.endpoints.devices[truth.device] ?? machine.endpoints.devices["lo"]
    if let device { transmit(packet, via: device, answering: truth) }
  }

  /// __dev_queue_xmit
  @discardableResult
  func transmit(_ packet: Packet, via device: Device, answering truth: ReceivedTruth? = nil, sender: Task? = nil) -> SentTruth {
    let sent = SentTruth(packet.address, device: device.name)
    machine.truth.sent.append(sent)
    sent.follows = truth
    sent.sender = sender?.pid
    packet.sent = sent
    disableBottomHalves()
    let length = UInt32(packet.length + Self.linkHeader)
    sent.stages[.queue] = emit(.netDevQueue(skb: packet.address, length: length, device: name(device.name))).time
    let parts = parts(of: packet, device)
    sent.openFrames = max(parts.count, 1)
    sent.frames = sent.openFrames
    run(
      { cpu in
        if parts.isEmpty { cpu.start(packet, device, sent) } else { cpu.split(packet, parts, device, sent) }
      }, { $0.enableBottomHalves() })
    return sent
  }

  /// The segments that a packet is cut into because the device cannot do it; none if it stays whole.
  private func parts(of packet: Packet, _ device: Device) -> [Segment] {
    guard case .nic(let nic) = device.kind, !nic.splitsSegments, let whole = packet.segment, whole.length > Self.segmentSize else { return [] }
    return stride(from: whole.from, to: whole.to, by: Self.segmentSize).map { from in
      var part = whole
      part.from = from
      part.to = min(from + Self.segmentSize, whole.to)
      part.isPushed = part.to == whole.to && whole.isPushed
      return part
    }
  }

  /// Payload of a frame at the usual MTU.
  static let segmentSize = 1448

  /// validate_xmit_skb: segments of their own take the packet's place.
  private func split(_ packet: Packet, _ parts: [Segment], _ device: Device, _ sent: SentTruth) {
    let segments = parts.map { allocate($0.headers + $0.length, .tcp($0)) }
    for segment in segments { segment.sent = sent }
    emit(.consumeSkb(skb: packet.address, location: KernelLocation.split.address))
    freeSilently(packet)
    run(segments.map { segment in { $0.start(segment, device, sent) } })
  }

  /// dev_hard_start_xmit
  private func start(_ packet: Packet, _ device: Device, _ sent: SentTruth) {
    let length = UInt32(packet.length + Self.linkHeader)
    let address = packet.address
    let mark = emit(.netDevStartXmit(skb: address, length: length, device: name(device.name)))
    if machine.hasProbes { emit(.flowSent(headerSent(packet))) }
    if sent.stages[.start] == nil { sent.stages[.start] = mark.time }
    run(
      { cpu in
        switch device.kind {
        case .loopback: cpu.netifRx(packet, device: device.name)
        case .veth(let peer): cpu.netifRx(packet, device: peer)
        case .nic(let nic): nic.send(packet)
        }
      },
      { cpu in
        sent.stages[.xmit] = cpu.emit(.netDevXmit(skb: address, length: length, rc: 0, device: cpu.name(device.name))).time
      })
  }
}
