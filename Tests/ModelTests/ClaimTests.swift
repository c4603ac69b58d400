import Model
import Testing

/// How cases make verdicts.
@Suite struct ClaimTests {
  @Test func everyClaimOfTheTextbookIsThereOnce() {
    let ids = ReferenceModel.linux.claims.map(\.id)
    #expect(ids == ["S1", "S2a", "S2b", "S3", "S4", "S5", "S6a", "S6b", "S7", "S8", "S9", "S10", "S11", "S12", "S13", "S14"])
    for claim in ReferenceModel.linux.claims {
      #expect(!claim.methods.isEmpty && !claim.source.isEmpty && !claim.because.isEmpty && !claim.decidedBy.isEmpty, "\(claim.id)")
      #expect(claim.expected != .unobserved, "\(claim.id)")
    }
  }

  @Test func oneCaseAgainstRefutesWhatIsSaidToBeAlwaysSo() throws {
    let expectedTrue = try #require(ReferenceModel.linux.claim("S4"))
    #expect(expectedTrue.verdict(for: 100, against: 0) == .confirmed)
    #expect(expectedTrue.verdict(for: 100, against: 1) == .refuted)
    let expectedFalse = try #require(ReferenceModel.linux.claim("S2b"))
    #expect(expectedFalse.verdict(for: 100, against: 1) == .refuted)
    // Twenty lonely packets do not confirm that packets never share an interrupt.
    #expect(expectedFalse.verdict(for: 20, against: 0) == .unobserved)
  }

  @Test func casesOnBothSidesAreMixed() throws {
    let claim = try #require(ReferenceModel.linux.claim("S5"))
    #expect(claim.verdict(for: 100, against: 1) == .mixed)
    #expect(claim.verdict(for: 100, against: 0) == .unobserved)
    #expect(claim.verdict(for: 0, against: 0) == .unobserved)
  }

  @Test func onlyAVerdictThatWasReachedCanBeUnexpected() throws {
    let claim = try #require(ReferenceModel.linux.claim("S4"))
    #expect(ClaimResult(claim, by: .trace, for: 5, against: 1, detail: "").isUnexpected)
    #expect(!ClaimResult(claim, by: .trace, for: 5, against: 0, detail: "").isUnexpected)
    #expect(!ClaimResult.unobserved(claim, by: .trace, because: "nothing was seen").isUnexpected)
  }
}
