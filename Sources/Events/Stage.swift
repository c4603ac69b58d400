/// The stages of a packet's way, in the order in which a received packet passes them; `rawValue` orders, `id` names.
public enum Stage: UInt8, CaseIterable, Sendable {
  case posted, irq, raise, softirq, claimed, gro, receive, transport, ready, waking, running, read
  case send, queue, start, xmit, complete

  /// The name that JSON uses.
  public var id: String { "\(self)" }

  /// What the stage means, in a sentence.
  public var meaning: String {
    switch self {
    case .posted: "the driver hands the buffer to the NIC: DMA may write it from here"
    case .irq: "the hard interrupt that announces the packet"
    case .raise: "the hard half asks for the soft half"
    case .softirq: "the soft half starts"
    case .claimed: "the driver takes the filled buffer back"
    case .gro: "the driver hands the packet to the stack"
    case .receive: "protocol processing is due"
    case .transport: "the transport layer took it for a socket"
    case .ready: "the socket announces data"
    case .waking: "the kernel wakes the application"
    case .running: "the application is on a CPU"
    case .read: "the application has the bytes"
    case .send: "the application hands over data to send"
    case .queue: "the packet reaches the device's queue"
    case .start: "the driver is called with the packet"
    case .xmit: "the driver has taken the packet"
    case .complete: "the NIC is done with the packet"
    }
  }
}
