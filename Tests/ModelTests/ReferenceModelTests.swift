import Events
import Journeys
import Model
import Testing

/// The tables of the model make sense by themselves.
@Suite struct ReferenceModelTests {
  @Test func everyStageIsDescribedOnce() { #expect(ReferenceModel.linux.stages.map(\.stage) == Stage.allCases) }

  @Test func everyStepIsThereOnceAndInSomeContext() {
    var seen = Set<[Stage]>()
    for step in ReferenceModel.linux.steps {
      #expect(seen.insert([step.from, step.to]).inserted, "\(step.from) to \(step.to)")
      #expect(!step.contexts.isEmpty && !step.because.isEmpty, "\(step.from) to \(step.to)")
    }
  }

  /// From a stage at which journeys begin, each stage can be reached.
  @Test func everyStageCanBeReached() {
    var reached = Set(ReferenceModel.linux.stages.filter { $0.begins != nil }.map(\.stage))
    for _ in Stage.allCases { for step in ReferenceModel.linux.steps where reached.contains(step.from) { reached.insert(step.to) } }
    #expect(reached == Set(Stage.allCases))
  }

  @Test func theOrdinaryWayLeadsFromTheNICToTheReader() {
    var way = [Stage.posted]
    while let step = ReferenceModel.linux.steps.first(where: { $0.from == way[way.count - 1] && $0.isOrdinary }) { way.append(step.to) }
    #expect(way == [.posted, .irq, .raise, .softirq, .gro, .receive, .transport, .ready, .waking, .running, .read])
  }

  @Test func rulesAreInTheirPlaces() {
    #expect(ReferenceModel.linux.rules.map(\.id) == [.r1, .r2, .r3, .r4, .r5, .r6, .r7, .r8, .g1, .g2])
    for rule in ReferenceModel.linux.rules {
      #expect(!rule.says.isEmpty && !rule.source.isEmpty && !rule.advice.isEmpty && !rule.exceptions.isEmpty, "\(rule.id)")
    }
  }

  @Test func everyOutcomeButUnknownHasItsEnd() {
    #expect(Set(ReferenceModel.linux.ends.map(\.outcome)) == Set(Journey.Outcome.allCases).subtracting([.unknown]))
  }
}
