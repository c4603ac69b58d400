public import Events
public import Journeys

/// A way in which a journey may end.
public struct JourneyEnd: Sendable {
  public let outcome: Journey.Outcome
  /// The stages that may be the last one seen.
  public let last: [Stage]
  public let because: String
}

extension ReferenceModel {
  /// How journeys end. An outcome that is not listed, or a last stage that is not listed with it, is unexplained.
  public static let ends: [JourneyEnd] = [
    JourneyEnd(
      outcome: .delivered, last: [.read, .ready, .waking, .running],
      because: "an application read it (what was written after the read is of two CPUs at once)"),
    JourneyEnd(
      outcome: .queued, last: [.receive, .transport, .ready, .waking, .running],
      because: "it waits in its socket's queue where the recording ends"),
    JourneyEnd(
      outcome: .absorbed, last: [.gro, .receive, .transport, .ready, .waking, .running],
      because: "the stack consumed it: an ACK, ARP, an echo, a handshake; a task may have been woken all the same"),
    JourneyEnd(
      outcome: .dropped, last: [.gro, .raise, .softirq, .receive, .transport, .ready, .waking, .running, .queue, .start, .xmit, .send],
      because: "the kernel threw it away, anywhere on its way but after the read or the end of transmission"),
    JourneyEnd(outcome: .forwarded, last: [.receive], because: "routing or a bridge sent it on by another device"),
    JourneyEnd(outcome: .completed, last: [.complete, .xmit, .send], because: "the NIC, or the device it was handed to, is done with it"),
    JourneyEnd(outcome: .merged, last: [.receive, .transport], because: "IP put it together with other fragments")
  ]
}
