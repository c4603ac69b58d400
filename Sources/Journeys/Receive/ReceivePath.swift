internal import BasicContainers
internal import DequeModule
internal import Events

/// The tables of the way in: packets in flight, and the contexts in which they are processed. Only `ReceiveTracker` has them; each file in this
/// folder is one aspect of what happens to them.
struct ReceivePath: ~Copyable {
  var packets = PacketTable<Packet>()
  /// Soft interrupt contexts of CPUs and those of tasks, as they appear.
  var contexts = UniqueArray<ProcessingContext>()
  /// The soft interrupt context of each CPU.
  var softContexts: [Int32] = []
  /// Packets whose batch is processed and that showed nothing, oldest first.
  var parked = Deque<ParkedPacket>()
  /// By CPU.
  var gro = UniqueArray<GROState>()
  var visible: SocketVisibility

  init(_ visible: SocketVisibility) { self.visible = visible }

  /// Packets kept at once; a packet takes about half a kilobyte.
  private static let inFlightLimit = 262_144

  mutating func addCPU() {
    softContexts.append(Int32(addContext()))
    gro.append(GROState())
  }

  mutating func addContext() -> Int {
    contexts.append(ProcessingContext())
    return contexts.count - 1
  }

  // MARK: lives

  /// A new packet at `address`, seen in `context`; whatever lived there before is over.
  mutating func begin(
    _ e: Event, at address: UInt64, device: NameID, length: UInt32, in context: Int?, _ numbering: inout JourneyNumbering
  ) -> Int {
    endPreviousLife(of: address, seenIn: context)
    if packets.count >= Self.inFlightLimit, let oldest = packets.oldest {
      numbering.noteEviction()
      packets[oldest].journey.completeness = .ambiguous
      end(oldest, .unknown)
    }
    let slot = packets.insert(address)
    numbering.begin(&packets[slot].journey, .rx, device: device, length: length, at: e.time)
    packets[slot].ownLength = packets[slot].journey.length
    return slot
  }

  /// An address is about to be used for a new packet, as is seen in `context`: nothing more will be seen of the old one under this address.
  mutating func endPreviousLife(of address: UInt64, seenIn context: Int?) {
    guard let slot = packets.find(address) else { return }
    switch packets[slot].state {
    // Delivered, and freed without a word: TCP coalesced it with another that waits in a backlog (`tcp_add_backlog`).
    case .queued, .lingering, .parked, .delivered: packets.forget(address)
    case .processing where packets[slot].dataLength > 0: packets.forget(address)
    // Freed, and still to have its effect: what a task takes from a backlog, for example.
    case .processing where contexts.indices.contains { $0 != context && contexts[$0].current == packets.ref(slot) }: packets.forget(address)
    case .processing: settle(slot)
    // Merged into another and freed; GRO's verdict follows.
    case .arrived where contexts.indices.contains { contexts[$0].inGRO == packets.ref(slot) }: packets.forget(address)
    default: end(slot, .unknown)
    }
  }

  /// Ends the journey of `slot` with `outcome`: the one place where a life ends.
  mutating func end(_ slot: Int, _ outcome: Journey.Outcome) {
    assert(packets[slot].state != .free, "a journey ends once")
    packets[slot].journey.outcome = outcome
    if packets[slot].isDoubtful { packets[slot].admitDoubt() }
    if packets[slot].journey.isOutcomeInferred { packets[slot].journey.stages[.read]?.link = .inferred }
    packets[slot].chooseWaker()
    if visible.hasDataReady, outcome == .delivered, packets[slot].isTCP, !packets[slot].journey.stages.has(.ready) {
      packets[slot].journey.conditions.insert(.unannounced)
    }
    packets.end(slot)
  }

  /// Nothing showed for long what became of the packet in `slot`.
  mutating func endSilent(_ slot: Int) {
    if packets[slot].state == .consumed { return end(slot, .absorbed) }
    packets[slot].journey.isOutcomeInferred = isTakenInSilence(slot)
    end(slot, packets[slot].journey.isOutcomeInferred ? .absorbed : .unknown)
  }

  /// The packet is given up: which of several it was cannot be told.
  mutating func giveUp(_ slot: Int) {
    packets[slot].markAmbiguous()
    end(slot, .unknown)
  }

  /// Ends every journey that is still under way: the recording is over.
  mutating func finish() {
    while let slot = packets.oldest {
      let state = packets[slot].state
      let isSilent = state == .parked && isTakenInSilence(slot)
      let isOver = state == .lingering || state == .consumed || isSilent
      if isSilent { packets[slot].journey.isOutcomeInferred = true }
      if !isOver, packets[slot].journey.completeness == .complete { packets[slot].journey.completeness = .truncated }
      let isRead = packets[slot].journey.reader != nil
      end(slot, isRead ? .delivered : state == .queued ? .queued : isOver ? .absorbed : packets[slot].journey.outcome)
    }
  }

  /// Nothing that is under way can be followed.
  mutating func forgetAll() {
    finish()
    for context in contexts.indices { contexts[context] = ProcessingContext() }
    for cpu in gro.indices { gro[cpu] = GROState() }
    parked.removeAll(keepingCapacity: true)
  }

  // MARK: losses

  /// Events were lost: whatever is in flight may have gone on unseen.
  mutating func loseEvents() {
    var next = packets.oldest
    while let slot = next {
      packets[slot].journey.completeness = .lost
      next = packets.next(behind: slot)
    }
  }

  /// Events of `cpu` are missing until `time`, in nanoseconds.
  mutating func forget(onCPU cpu: Int, _ time: UInt64) {
    let context = Int(softContexts[cpu])
    endBatch(context, time)
    contexts[context].inGRO = .none
    contexts[context].inBacklog = .none
    gro[cpu] = GROState()
  }

  // MARK: what may be asked

  /// Whether a CPU is still at the batch of the packet in `slot`.
  @inline(__always)
  func isInBatch(_ slot: Int) -> Bool {
    let ref = packets.ref(slot)
    return softContexts.contains { contexts[Int($0)].pending.contains(ref) }
  }

  /// Whether the packet in `slot` is being processed in `context`, so that a second netif_receive_skb is a second pass of the same packet.
  @inline(__always)
  func isInHand(_ slot: Int, _ context: Int) -> Bool {
    let ref = packets.ref(slot)
    return contexts[context].current == ref || contexts[context].pending.contains(ref)
  }
}
