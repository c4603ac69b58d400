import Testing

@testable import Events
@testable import Journeys

@Suite("A slot that is used again")
struct SlotTests {
  /// Fields by name, but for `left`, which other fields hide.
  private func fields(_ value: Any, without left: Set<String>) -> [String] {
    Mirror(reflecting: value).children.filter { !left.contains($0.label ?? "") }.map { "\($0.label ?? ""): \($0.value)" }
  }

  private func used() -> Journey {
    var journey = Journey()
    (journey.id, journey.direction, journey.length, journey.frames, journey.protocolNumber) = (7, .tx, 9, 3, 6)
    (journey.device, journey.flow) = (NameID(index: 4, kernelThread: .napi), FlowID(index: 5))
    (journey.socket, journey.outcome, journey.reason, journey.location) = (8, .dropped, 2, 3)
    (journey.completeness, journey.follows, journey.stream, journey.conditions) = (.lost, 4, 0..<5, .held)
    let task = Journey.Task(pid: 1, comm: .none)
    (journey.reader, journey.woke, journey.sender) = (task, task, task)
    journey.stages[.gro] = StageMark(time: 1, cpu: 0, context: .softirq, evidence: .napiGroReceiveEntry, link: .exact)
    return journey
  }

  @Test("has nothing of the received packet before")
  func received() {
    var packet = Packet()
    packet.begin(at: 1)
    for state in [Packet.State.delivered, .processing, .queued] { packet.advance(to: state) }
    packet.doubt()
    packet.journey = used()
    (packet.napi, packet.ownLength, packet.socketKey, packet.dataLength) = (1, 2, 3, 4)
    (packet.isFreedEarly, packet.isCoalescedByLength, packet.isNumbered, packet.endsHandshake) = (true, true, true, true)
    (packet.changedState, packet.isFromBacklog, packet.wakerCount) = (true, true, 2)
    var fresh = Packet()
    packet.begin(at: 99)
    fresh.begin(at: 99)
    #expect(fields(packet, without: ["journey", "wakers"]) == fields(fresh, without: ["journey", "wakers"]))
    #expect(fields(packet.journey, without: ["stages"]) == fields(fresh.journey, without: ["stages"]))
    #expect(packet.journey.stages.inOrder.isEmpty && packet.journey.skb == 99 && packet.state == .arrived)
  }

  @Test("has nothing of the sent packet before")
  func sent() {
    var packet = SentPacket()
    packet.begin(at: 98)
    packet.journey = used()
    for state in [.started, .taken] as [SentPacket.State] { packet.advance(to: state) }
    (packet.openSegments, packet.isSplit, packet.isInCall) = (3, true, true)
    var fresh = SentPacket()
    packet.begin(at: 99)
    fresh.begin(at: 99)
    #expect(fields(packet, without: ["journey"]) == fields(fresh, without: ["journey"]))
    #expect(fields(packet.journey, without: ["stages"]) == fields(fresh.journey, without: ["stages"]))
    #expect(packet.journey.stages.inOrder.isEmpty && packet.journey.skb == 99 && packet.state == .queued)
  }
}
