internal import Events

/// A copy to user space that a task has begun.
struct Copy {
  /// Nanoseconds.
  var time: UInt64
  var cpu: Int32
  /// The address of the sk_buff.
  var skb: UInt64
  /// The packet at that address when the copy began, or none.
  var packet: PacketRef
  /// Bytes.
  var length: Int32

  /// The copy as a stage of a packet's journey.
  func mark(_ link: Link) -> StageMark {
    StageMark(time: time, cpu: cpu, context: .process, evidence: .skbCopyDatagram, link: link)
  }
}

/// A packet that a task freed after it had read it, or that was none we know of.
struct FreedPacket {
  var packet: PacketRef
  /// Nanoseconds.
  var time: UInt64
  var cpu: Int32

  /// The freeing as a stage of the packet's journey.
  func mark(_ link: Link) -> StageMark {
    StageMark(time: time, cpu: cpu, context: .process, evidence: .consumeSkb, link: link)
  }
}

/// What a thread polls for: the wakeup that asked it to, in place of softirq_raise, and its getting a CPU, in place of softirq_entry.
struct ThreadedPoll {
  /// The hard interrupt whose handler asked, if one did.
  var interrupt: StageMark?
  var waking: StageMark
  var running: StageMark?
}

/// A socket whose state a call of a task has changed, and its connection.
struct ChangedSocket {
  /// Its address, or 0 in text, which does not print it.
  var socket: UInt64
  var flow: FlowID
}

/// What is known of one task.
struct TaskState {
  /// Bytes of a stream that it has taken without a copy since its last receive call ended.
  var takenWithoutCopy: Int64 = 0
  var comm = NameID.none
  /// When the task last got a CPU.
  var switchedIn: StageMark?
  /// Packets that woke it and have not seen it run.
  var wokenFor: [PacketRef] = []
  /// The packet that woke it last.
  var wokenBy = PacketRef.none
  /// Copies since its last receive call ended.
  var copies: [Copy] = []
  /// The packet it freed last in the call that runs.
  var freed: FreedPacket?
  /// When its last call on a socket ended, in nanoseconds.
  var callEnd: UInt64 = 0
  /// The index of the context in which it works off sockets' backlogs, or -1 while it never did.
  var context: Int32 = -1
  /// Packets it has handed to a device in the call that runs.
  var sent: [PacketRef] = []
  /// What it polls for, if it polls devices or the backlog in place of NET_RX.
  var poll: ThreadedPoll?
  /// The hard interrupt whose handler it runs.
  var handler: InterruptHandler?
  /// The socket whose state it has just changed: the SYN or FIN follows.
  var changed: ChangedSocket?
  /// Whether the segment it has just taken from a backlog made a connection stand: the ACK follows, and no call sends it.
  var answersHandshake = false

  /// Whether nothing is lost if it is forgotten.
  var isIdle: Bool { wokenFor.isEmpty && copies.isEmpty && freed == nil && context < 0 && sent.isEmpty && poll == nil && handler == nil }
}
