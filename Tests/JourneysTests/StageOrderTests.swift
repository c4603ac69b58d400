import Testing

@testable import Events
@testable import Journeys

/// The stages of a journey in order, against a sort of them.
@Suite struct StageOrderTests {
  @Test("stages come by time, and those of equal time as they were written", arguments: [0..<Stage.send.rawValue, Stage.send.rawValue..<17])
  func inOrder(places: Range<UInt8>) {
    for _ in 0..<2000 {
      var marks = StageMarks()
      var expected: [(stage: Stage, time: UInt64, order: UInt32)] = []
      for place in places where Bool.random() {
        guard let stage = Stage(rawValue: place) else { continue }
        var event = Event(time: .random(in: 10...16), cpu: 0, pid: 0, flags: [], body: .windowEnds)
        event.order = .random(in: 0..<8) * 32 + UInt32(place)
        marks[stage] = StageMark(event, .softirqEntry, .exact)
        expected.append((stage, event.time, event.order))
      }
      expected.sort { ($0.time, $0.order) < ($1.time, $1.order) }
      #expect(marks.inOrder.map(\.stage) == expected.map(\.stage))
      let times = marks.times
      #expect((0..<times.count).map { times.times[$0] } == expected.map(\.time))
    }
  }
}
