internal import BasicContainers
internal import Events

/// The way in: packets in flight, the contexts that process them, GRO and batches, and what sockets and readers make of them. This is the door:
/// the tables behind it are private, and what may happen to them stands here.
struct ReceiveTracker: ~Copyable {
  private var path: ReceivePath

  init(_ visible: SocketVisibility) { path = ReceivePath(visible) }

  // MARK: contexts

  /// There is one more CPU.
  mutating func addCPU() { path.addCPU() }

  /// A context for a task that works off sockets' backlogs, or polls.
  mutating func addContext() -> Int { path.addContext() }

  /// The soft interrupt context of `cpu`.
  @inline(__always) func softContext(ofCPU cpu: Int) -> Int { Int(path.softContexts[cpu]) }

  /// A network event in `context` that wakes nobody.
  @inline(__always) mutating func noteOtherEvent(in context: Int) { path.contexts[context].mayWake = false }

  /// A call of a task, or its work in `context`, is over.
  mutating func callEnds(in context: Int, at time: UInt64) { path.endBatch(context, time) }

  // MARK: journeys

  /// How many packets are in flight.
  var count: Int { path.packets.count }

  /// The least id of a packet in flight, or nil.
  var oldestID: Int? { path.packets.oldest.map { path.packets[$0].journey.id } }

  /// Whether journeys wait to be taken out.
  @inline(__always) var hasEnded: Bool { path.packets.hasEnded }

  /// Hands out the journeys that have ended, in the order in which they did.
  mutating func moveEnded(to finished: inout [Journey], _ statistics: inout PathStatistics) {
    path.packets.removeEnded { packet in
      statistics.count(packet.journey)
      finished.append(packet.journey)
    }
  }

  /// Ends every journey that is still under way: the recording is over.
  mutating func finish() { path.finish() }

  /// Nothing that is under way can be followed.
  mutating func forgetAll() { path.forgetAll() }

  /// Events were lost: whatever is in flight may have gone on unseen.
  mutating func loseEvents() { path.loseEvents() }

  /// Events of `cpu` are missing until `time`, in nanoseconds.
  mutating func forget(onCPU cpu: Int, _ time: UInt64) { path.forget(onCPU: cpu, time) }

  // MARK: arrival

  /// napi_gro_receive_entry, napi_gro_frags_entry.
  mutating func groBegins(_ e: Event, _ arriving: ArrivingPacket, in context: Int, _ numbering: inout JourneyNumbering) {
    path.groBegins(e, arriving, in: context, &numbering)
  }

  /// napi_gro_receive_exit and its like, with `enum gro_result`.
  mutating func groEnds(_ e: Event, result: Int32, in context: Int) { path.groEnds(e, result: result, in: context) }

  /// netif_rx_entry.
  mutating func backlogBegins(
    _ e: Event, _ arriving: ArrivingPacket, in context: Int?, returned: PacketHeader?, _ numbering: inout JourneyNumbering,
    _ sockets: inout SocketTable
  ) { path.backlogBegins(e, arriving, in: context, returned: returned, &numbering, &sockets) }

  /// The softirq_raise or sched_waking of `mark` is for the packet that netif_rx just put into the backlog; false if there is none.
  mutating func markBacklogRaise(in context: Int, _ mark: StageMark) -> Bool { path.markBacklogRaise(in: context, mark) }

  /// netif_rx is over.
  mutating func backlogEnds(in context: Int) { path.contexts[context].inBacklog = .none }

  /// Whether netif_receive_skb_entry is a second pass of a packet through a bridge, which changes nothing.
  func isSecondPass(_ arrival: Arrival) -> Bool { path.isSecondPass(arrival) }

  /// The inner packet of a tunnel enters the stack: the outer one goes on. False if it is another packet.
  mutating func goesOnInside(_ e: Event, _ arrival: Arrival, byGROIn context: Int?) -> Bool { path.goOnInside(e, arrival, byGROIn: context) }

  /// netif_receive_skb_entry, or (not alone) netif_receive_skb_list_entry.
  mutating func handoverBegins(
    _ e: Event, _ arriving: ArrivingPacket, in context: Int?, isAlone: Bool, _ numbering: inout JourneyNumbering
  ) { path.handoverBegins(e, arriving, in: context, isAlone: isAlone, &numbering) }

  /// What the netif_receive_skb of `arrival` is in `context`.
  func delivery(of arrival: Arrival, in context: Int) -> ReceivePath.Delivery { path.delivery(of: arrival, in: context) }

  /// netif_receive_skb. Returns the packet where it came through the backlog and when that was served is not known.
  mutating func deliver(_ e: Event, _ slot: Int, length: UInt32, in context: Int) -> PacketRef? {
    path.deliver(e, slot, length: length, in: context)
  }

  /// netif_receive_skb of a packet that nothing has announced.
  mutating func deliverUnannounced(
    _ e: Event, _ arrival: Arrival, _ origin: PacketOrigin, in context: Int, _ numbering: inout JourneyNumbering
  ) -> PacketRef? { path.deliverUnannounced(e, arrival, origin, in: context, &numbering) }

  /// netif_receive_skb through a bridge.
  mutating func noteSecondPass(in context: Int) { path.noteSecondPass(in: context) }

  /// NET_RX, or the thread in its place, began to take packets out of the backlog at `mark`; what is known of why it came late.
  mutating func markBacklogService(of packet: PacketRef, _ mark: StageMark, _ conditions: Conditions) {
    path.markBacklogService(of: packet, mark, conditions)
  }

  /// napi_poll, or the end of NET_RX: everything that was delivered in `context` is processed.
  mutating func pollEnds(in context: Int, at time: UInt64) { path.pollEnds(in: context, time) }

  /// Ends packets that showed nothing for a second before `now`, in nanoseconds.
  mutating func expireSilent(_ now: UInt64) { path.expireParked(now) }

  // MARK: protocols and sockets

  /// The probe on netif_receive_skb, or (`isPulled`) on what takes a header out of a page.
  mutating func identify(_ header: PacketHeader, isPulled: Bool, _ sockets: inout SocketTable) {
    path.identify(header, isPulled: isPulled, &sockets)
  }

  /// tcp_probe.
  mutating func probed(_ e: Event, _ segment: ProbedSegment, in context: Int, _ sockets: inout SocketTable, _ tasks: inout TaskTracker) {
    path.probed(e, segment, in: context, &sockets, &tasks)
  }

  /// sk_data_ready of a socket of IP.
  mutating func dataReady(
    _ e: Event, _ socket: AnnouncingSocket, in context: Int, _ sockets: inout SocketTable, _ numbering: inout JourneyNumbering
  ) { path.dataReady(e, socket, in: context, &sockets, &numbering) }

  /// sock_def_readable, of a socket or, as a stack tells, of one that is not named (0).
  mutating func becameReadable(_ e: Event, _ address: UInt64, in context: Int, _ sockets: inout SocketTable) {
    path.becameReadable(e, address, in: context, &sockets)
  }

  /// inet_sock_set_state.
  mutating func stateChanged(_ e: Event, _ change: StateChange, in context: Int, _ sockets: inout SocketTable) {
    path.stateChanged(e, change, in: context, &sockets)
  }

  /// kfree_skb.
  mutating func dropped(_ skb: UInt64, location: UInt64, reason: Int32, _ sockets: inout SocketTable) {
    path.dropped(skb, location: location, reason: reason, &sockets)
  }

  /// consume_skb.
  mutating func consumed(_ e: Event, _ skb: UInt64, in context: Int?, _ sockets: inout SocketTable, _ tasks: inout TaskTracker) {
    path.consumed(e, skb, in: context, &sockets, &tasks)
  }

  /// tcp_destroy_sock: the socket at `address` is gone.
  mutating func destroyed(_ address: UInt64, _ sockets: inout SocketTable) { path.destroyed(address, &sockets) }

  // MARK: tasks

  /// sched_waking of a task that may read.
  mutating func waking(_ e: Event, _ woken: Journey.Task, in context: Int, _ tasks: inout TaskTracker) {
    path.waking(e, woken, in: context, &tasks)
  }

  /// The task `pid`, which `packet` woke, gets a CPU.
  mutating func ran(_ packet: PacketRef, _ pid: Int32, _ mark: StageMark) { path.ran(packet, pid, mark) }

  /// The task that `packet` woke was there all along.
  mutating func stayed(_ packet: PacketRef) { path.stayed(packet) }

  /// The task of `context` gives its CPU away.
  mutating func taskLeaves(_ context: Int, at time: UInt64, isAsleep: Bool) { path.taskLeaves(context, time, isAsleep: isAsleep) }

  /// The packet that lives at `skb` now, or none.
  func packet(at skb: UInt64) -> PacketRef { path.packets.find(skb).map { path.packets.ref($0) } ?? .none }

  /// sock_recv_length.
  mutating func received(_ e: Event, _ call: ReceiveResult, _ sockets: inout SocketTable, _ tasks: inout TaskTracker) {
    path.received(e, call, &sockets, &tasks)
  }

  /// tcp_rcv_space_adjust, where that is all that tells of a read.
  mutating func spaceAdjusted(
    _ e: Event, _ task: Int, _ address: UInt64, cookie: UInt64, _ sockets: inout SocketTable, _ tasks: borrowing TaskTracker
  ) { path.spaceAdjusted(e, task, address, cookie: cookie, &sockets, tasks) }

  /// tcp_rcv_space_adjust of a task that has copied nothing: splice, or a read with MSG_TRUNC. False if there was nothing to take.
  mutating func takenWithoutCopy(_ e: Event, _ socket: Int, _ sockets: inout SocketTable, _ tasks: inout TaskTracker) -> Bool {
    path.takenWithoutCopy(e, socket, &sockets, &tasks)
  }

  // MARK: sending

  /// The received packet whose processing in `context` sends one of `length` bytes, or nil.
  mutating func cause(ofSending length: UInt32, _ e: Event, in context: Int) -> PacketCause? {
    path.cause(ofSending: length, e, in: context)
  }

  /// The received packet at `skb` is handed to a device for sending. Returns its journey's id if it is forwarded.
  mutating func forwarded(_ skb: UInt64, length: UInt32, by device: NameID, in context: Int?, _ sockets: borrowing SocketTable) -> Int? {
    path.forwarded(skb, length: length, by: device, in: context, sockets)
  }

  // MARK: queries

  /// Whether sockets announce data by an event of their own.
  var hasDataReady: Bool { path.visible.hasDataReady }

  /// A probe, or stacks, tell when sockets announce data.
  mutating func noteReadable(byStack: Bool) {
    if byStack { path.visible.hasStacks = true } else { path.visible.hasReadable = true }
  }

  /// Id and length of `packet`, or nil if it is gone.
  func inFlight(_ packet: PacketRef) -> JourneyEngine.PacketInFlight? {
    path.packets.slot(packet).map { .init(id: path.packets[$0].journey.id, length: path.packets[$0].journey.length) }
  }

  /// The packet that is being processed in `context`.
  func current(in context: Int) -> PacketRef { path.contexts[context].current }

  /// How many soft interrupt contexts there are.
  var cpuCount: Int { path.softContexts.count }

  /// Whether the wakeup of the task `pid` at `time`, in nanoseconds, was the consequence of `packet`.
  func isWaker(_ packet: PacketRef, of pid: Int32, at time: UInt64) -> Bool {
    guard let slot = path.packets.slot(packet) else { return false }
    return (0..<path.packets[slot].wakerCount).contains {
      path.packets[slot].wakers[$0].task.pid == pid && path.packets[slot].wakers[$0].waking.time == time
    }
  }
}
