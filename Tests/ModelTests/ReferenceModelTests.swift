import Events
import Journeys
import Model
import Testing

/// The tables of the model make sense by themselves.
@Suite struct ReferenceModelTests {
  @Test func everyStageIsDescribedOnce() { #expect(ReferenceModel.stages.map(\.stage) == Stage.allCases) }

  @Test func everyStepIsThereOnceAndInSomeContext() {
    var seen = Set<[Stage]>()
    for step in ReferenceModel.steps {
      #expect(seen.insert([step.from, step.to]).inserted, "\(step.from) to \(step.to)")
      #expect(!step.contexts.isEmpty && !step.because.isEmpty, "\(step.from) to \(step.to)")
    }
  }

  /// From a stage at which journeys begin, each stage can be reached.
  @Test func everyStageCanBeReached() {
    var reached = Set(ReferenceModel.stages.filter { $0.begins != nil }.map(\.stage))
    for _ in Stage.allCases { for step in ReferenceModel.steps where reached.contains(step.from) { reached.insert(step.to) } }
    #expect(reached == Set(Stage.allCases))
  }

  @Test func theOrdinaryWayLeadsFromTheNICToTheReader() {
    var way = [Stage.posted]
    while let step = ReferenceModel.steps.first(where: { $0.from == way[way.count - 1] && $0.isOrdinary }) { way.append(step.to) }
    #expect(way == [.posted, .irq, .raise, .softirq, .gro, .receive, .transport, .ready, .waking, .running, .read])
  }

  @Test func rulesAreInTheirPlaces() {
    #expect(Rule.all.map(\.id) == RuleID.allCases)
    for rule in Rule.all {
      #expect(Rule[rule.id].title == rule.title)
      #expect(!rule.says.isEmpty && !rule.source.isEmpty && !rule.advice.isEmpty && !rule.exceptions.isEmpty, "\(rule.id)")
    }
  }

  @Test func everyOutcomeButUnknownHasItsEnd() {
    #expect(Set(ReferenceModel.ends.map(\.outcome)) == Set(Journey.Outcome.allCases).subtracting([.unknown]))
  }
}
