import Testing

@testable import Experiments

/// The text in which the experiments' process says what it saw.
@Suite struct AccountTests {
  @Test func whatIsWrittenIsRead() throws {
    var account = Account()
    account.passed = [
      Account.Passed(device: "wps-12ab", role: .syn, slept: ["accept", "connect"], woke: []),
      Account.Passed(device: "wpc-12ab", role: .synACK, slept: ["accept", "connect"], woke: ["connect"]),
      Account.Passed(device: "wps-12ab", role: .dataBelowLowWater, slept: [], woke: [])
    ]
    account.windows = [
      Account.Window(isFlood: false, from: 10, to: 20, packets: 0, softirqPerMille: nil),
      Account.Window(isFlood: true, from: 30, to: 40, packets: 7, softirqPerMille: 125)
    ]
    account.findings = [Account.Finding(claim: "S10", supporting: 9, opposing: 0, detail: "3, 4 -> \"socket:[5]\"")]
    account.refusals = [Account.Refusal(claim: "S8", why: "the kernel allows no network namespace (Operation not permitted)")]
    account.receiveBuffer = 131_072
    account.isComplete = true
    #expect(Account(account.text) == account)
    account.isComplete = false
    #expect(Account(account.text)?.isComplete == false)
  }

  @Test(arguments: ["segment\twps\tSYN\taccept", "segment\twps\tSYM\t\t", "window\tflood\tx\t1\t1\t-", "finding\tS1\t1\t-\tx", "nonsense"])
  func aLineThatIsNoneIsRefused(line: String) { #expect(Account(line + "\n") == nil) }

  @Test func aProcessThatWasKilledLeavesWhatItHad() {
    #expect(Account("finding\tS10\t9\t0\tx\nbuffer\t0\n")?.findings.count == 1)
  }
}
