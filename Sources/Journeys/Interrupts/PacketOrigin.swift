internal import Events

/// How a packet came to the stack: the first stages of its journey, and what is known of why NET_RX came late.
struct PacketOrigin {
  /// Since when the NIC had the buffer that the packet lies in, if that was seen.
  var posted: StageMark?
  /// When the driver took that buffer back.
  var takenBack: StageMark?
  /// The hard interrupt that announced the poll.
  var irq: StageMark?
  /// When NET_RX, or the thread in its place, was asked for.
  var raise: StageMark?
  /// When NET_RX, or the thread in its place, began.
  var softirq: StageMark?
  var conditions: Conditions = []
  /// Whether the poll began before the recording did.
  var isCut = false
}
