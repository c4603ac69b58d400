/// A network device, by which packets leave.
final class Device {
  enum Kind {
    /// The driver function hands the packet to netif_rx, as one of `name` or of its peer.
    case loopback
    case veth(peer: String)
    case nic(NIC)
  }

  let name: String
  let kind: Kind

  init(name: String, kind: Kind) {
    self.name = name
    self.kind = kind
  }
}

/// A NIC with one receive and one transmit queue (virtio_net).
final class NIC {
  unowned let machine: Machine
  let name: String
  /// The CPUs that its interrupts go to.
  let receiveCPU: CPU
  let transmitCPU: CPU
  let receiveNAPI: NAPI
  let transmitNAPI: NAPI
  private let receiveInterrupt: Int32
  private let transmitInterrupt: Int32
  private let bus: String
  /// Frames that DMA has written.
  var ring: [(length: Int, content: Content)] = []
  var ringSize = 256
  /// Packets that are sent, until the driver frees them.
  var sentRing: [Packet] = []
  var isReceiveMasked = false
  var isTransmitMasked = false
  /// Whether it cuts large segments itself (TSO).
  var splitsSegments = false
  /// Nanoseconds to the other machine.
  var wireTime = 10_000

  init(_ machine: Machine, name: String, bus: Int, receiveCPU: CPU, transmitCPU: CPU) {
    self.machine = machine
    self.name = name
    self.bus = "virtio\(bus)"
    self.receiveCPU = receiveCPU
    self.transmitCPU = transmitCPU
    receiveInterrupt = machine.newInterrupt()
    transmitInterrupt = machine.newInterrupt()
    receiveNAPI = NAPI(id: machine.newNAPI(), device: name)
    transmitNAPI = NAPI(id: machine.newNAPI(), device: name)
    receiveNAPI.poll = { [unowned self] in $0.poll(self) }
    transmitNAPI.poll = { [unowned self] in $0.reclaim(self) }
  }

  /// A frame comes in from the wire.
  func arrive(_ length: Int, _ content: Content) {
    // With no buffer left the NIC drops it, and no event says so.
    guard ring.count < ringSize else { return }
    ring.append((length, content))
    announceReceived()
  }

  private func announceReceived() {
    guard !isReceiveMasked else { return }
    isReceiveMasked = true
    receiveCPU.request(Interrupt(number: receiveInterrupt, name: "\(bus)-input.0") { [receiveNAPI] in $0.schedule(receiveNAPI) })
  }

  /// The driver function: the frame goes out, and some time later the NIC is done with the packet.
  func send(_ packet: Packet) {
    let delay = machine.random.number(2_000...20_000)
    if let segment = packet.segment {
      machine.after(delay + wireTime) { segment.connection.peer?.receive(segment) }
    }
    machine.after(delay) { [self] in complete(packet) }
  }

  /// The frame of `packet` is on the wire.
  private func complete(_ packet: Packet) {
    sentRing.append(packet)
    guard !isTransmitMasked else { return }
    isTransmitMasked = true
    transmitCPU.request(Interrupt(number: transmitInterrupt, name: "\(bus)-output.0") { [transmitNAPI] in $0.schedule(transmitNAPI) })
  }
}

extension CPU {
  /// virtnet_poll
  fileprivate func poll(_ nic: NIC) {
    let napi = nic.receiveNAPI
    guard napi.work < napi.weight else { return }
    guard !nic.ring.isEmpty else {
      return run(
        { $0.complete(napi) },
        { cpu in
          nic.isReceiveMasked = false
          // virtqueue_poll: a frame came in before the interrupt was enabled again.
          guard !nic.ring.isEmpty else { return }
          nic.isReceiveMasked = true
          cpu.schedule(napi)
        })
    }
    let frame = nic.ring.removeFirst()
    napi.work += 1
    let packet = allocate(frame.length, frame.content)
    run({ $0.offload(packet, napi) }, { $0.poll(nic) })
  }

  /// virtnet_poll_tx: frees what was sent.
  fileprivate func reclaim(_ nic: NIC) {
    guard nic.sentRing.isEmpty else {
      let packet = nic.sentRing.removeFirst()
      return run({ $0.consume(packet, at: .transmitDone) }, { $0.reclaim(nic) })
    }
    nic.transmitNAPI.isScheduled = false
    nic.isTransmitMasked = false
  }
}
