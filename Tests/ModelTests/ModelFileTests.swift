import Model
import Support
import Testing

/// What the model's file may say, and the sentence and line with which a wrong one is refused.
@Suite struct ModelFileTests {
  private static let text = String(decoding: ReferenceModel.linuxFile, as: UTF8.self)

  /// The reference model with one text replaced by another.
  private func changed(_ old: String, _ new: String) throws -> [UInt8] {
    let pieces = Self.text.split(separator: old, maxSplits: 1, omittingEmptySubsequences: false)
    try #require(pieces.count == 2, "'\(old)' is not in the file")
    return Array((pieces[0] + new + pieces[1]).utf8)
  }

  /// The line, from 1, on which `text` first stands.
  private func line(of text: String, in bytes: [UInt8]) throws -> Int {
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    return try #require(lines.firstIndex { $0.contains(text) }) + 1
  }

  /// A change to the file, what is said of it, and a text on the line that is named.
  struct Mistake: CustomTestStringConvertible {
    var old: String
    var new: String
    var says: String
    var at: String
    var testDescription: String { says }
  }

  private static let mistakes = [
    Mistake(old: "model: '1'", new: "model: ['1'", says: "this is not YAML", at: ""),
    Mistake(old: "  - stage: posted", new: "  - stage: postd", says: "unknown stage 'postd'", at: "postd"),
    Mistake(
      old: "  - from: gro\n    to: receive", new: "  - from: gro\n    to: recieve",
      says: "the step from gro leads nowhere: there is no stage 'recieve'", at: "recieve"),
    Mistake(
      old: "  - from: gro\n    to: receive", new: "  - from: grow\n    to: receive", says: "unknown stage 'grow'", at: "from: grow"),
    Mistake(old: "    code: poll-work\n", new: "", says: "rule R1 has no code", at: "rule: R1"),
    Mistake(old: "code: poll-work", new: "code: poll-wrok", says: "unknown code for a rule 'poll-wrok'", at: "poll-wrok"),
    Mistake(old: "    machine: task\n    of", new: "    machine: tusk\n    of", says: "machine 'tusk', which is not there", at: "rule: R4"),
    Mistake(
      old: "needs: [napi_poll, netif", new: "needs: [napi_pol, netif", says: "unknown event 'napi_pol'", at: "napi_pol,"),
    Mistake(
      old: "habit is one in: 20", new: "habit is one in: seldom",
      says: "the number 'habit is one in' of rule R1 must be a whole number, not 'seldom'", at: "seldom"),
    Mistake(
      old: "habit is one in: 20", new: "habit is one in: 0.5", says: "must be a whole number, not '0.5'", at: "0.5"),
    Mistake(
      old: "      least merged headers: 20\n", new: "", says: "a rule lacks the number 'least merged headers', which its code needs", at: "rule: R2"),
    Mistake(
      old: "most merged headers: 256", new: "most merged headers: 256\n      mots: 1", says: "nothing reads the number 'mots'", at: "mots"),
    Mistake(old: "  - rule: R2", new: "  - rule: R1", says: "rule 'R1' is there twice", at: "title: GRO's books"),
    Mistake(old: "  - claim: S4\n", new: "  - claim: S3\n", says: "claim 'S3' is there twice", at: "The soft interrupt is scheduled"),
    Mistake(old: "  - claim: S14", new: "  - claim: S20", says: "claim S20 has no code: nothing decides it by structure", at: "S20"),
    Mistake(old: "expected: refuted", new: "expected: refused", says: "unknown verdict 'refused'", at: "refused"),
    Mistake(old: "    title: polls and packets\n", new: "", says: "a rule lacks 'title'", at: "rule: R1"),
    Mistake(old: "    title: polls", new: "    titel: polls", says: "a rule has no 'titel'", at: "titel"),
    Mistake(old: "        leaves: asleep\n", new: "        leaves: asleeep\n", says: "unknown state 'asleeep'", at: "asleeep"),
    Mistake(old: "if: announced", new: "if: annuonced", says: "unknown condition 'annuonced'", at: "annuonced"),
    Mistake(old: "checks: R5\n            breaks", new: "checks: R15\n            breaks", says: "speaks of rule R15", at: "machine: task")
  ]

  @Test(arguments: mistakes) func aWrongFileIsRefusedWithItsLine(mistake: Mistake) throws {
    let bytes = try changed(mistake.old, mistake.new)
    let error = try #require(throws: ModelError.self) { try ReferenceModel(bytes, file: "mine.yaml") }
    #expect(error.sentence.contains(mistake.says), "\(error)")
    #expect(error.description.hasPrefix("mine.yaml:\(error.line): "))
    guard !mistake.at.isEmpty else { return }
    // An entry of a list is named by its first line.
    let place = try line(of: mistake.at, in: bytes)
    #expect(error.line == place || error.line == place - 1, "\(error); expected line \(place)")
  }

  @Test func aSyntaxErrorHasItsLine() throws {
    let bytes = try changed("  - rule: R3", "  - rule: {R3")
    let error = try #require(throws: ModelError.self) { try ReferenceModel(bytes, file: "mine.yaml") }
    let place = try line(of: "{R3", in: bytes)
    #expect(error.sentence.contains("this is not YAML"))
    #expect((place...place + 1).contains(error.line), "\(error)")
  }

  @Test(arguments: ["", "# nothing\n", "- a list\n", "\u{0}"]) func whatIsNoModelIsRefused(text: String) {
    #expect(throws: ModelError.self) { try ReferenceModel(Array(text.utf8), file: "mine.yaml") }
  }

  @Test func bytesThatAreNoTextAreRefused() throws {
    let error = try #require(throws: ModelError.self) { try ReferenceModel([0xff, 0xfe, 0xff], file: "mine.yaml") }
    #expect(error.description == "mine.yaml:1: the file is not text in UTF-8")
  }

  // MARK: numbers decide

  /// Polls that count one packet too many now and then: a habit or a deviation, as the file's number says.
  @Test func aNumberInTheFileDecides() throws {
    func verify(_ model: ReferenceModel) -> Verification {
      let play = Play(model)
      play.ordinaryPolls(40)
      play.softirq {
        $0.gro(0xa)
        $0.receive(0xa)
        $0.poll(2)
      }
      return play.finish()
    }
    #expect(verify(.linux).broken == [.r1])
    let patient = try ReferenceModel(changed("least balanced polls: 20", "least balanced polls: 100"), file: "mine.yaml")
    let verification = verify(patient)
    #expect(verification.broken.isEmpty)
    #expect(verification.result(.r1)?.excused == 1)
  }

  /// A merged frame may lose more headers than the file says.
  @Test func theHeadersOfAMergedFrameAreTheFiles() throws {
    func verify(_ model: ReferenceModel) -> Set<RuleID> {
      let play = Play(model)
      play.softirq {
        $0.gro(0xa, 1500, result: 2)
        $0.gro(0xb, 1500, result: 1)
        $0.receive(0xa, 1500 + 1448)
        $0.poll(2)
      }
      return play.finish().broken
    }
    #expect(verify(.linux).isEmpty)
    #expect(verify(try ReferenceModel(changed("least merged headers: 20", "least merged headers: 60"), file: "mine.yaml")) == [.r2])
  }

  /// A machine of another model: a task that is woken twice is allowed there.
  @Test func aMachineInTheFileDecides() throws {
    let mild = try ReferenceModel(changed("          - if: announced\n", "          - if: real-time kernel\n"), file: "mine.yaml")
    func verify(_ model: ReferenceModel) -> Set<RuleID> {
      let play = Play(model)
      play.connect(0x50)
      play.change(0, 7)
      play.change(7, 0)
      play.segment(0xa, 0x50, 100)
      for _ in 0..<2 {
        play.on(.softirq) {
          $0.emit(.skDataReady(socket: 0x50, family: 2, protocol: 6))
          $0.emit(.schedWaking(pid: 7, comm: .none))
        }
      }
      return play.finish().broken
    }
    #expect(verify(.linux) == [.r4])
    #expect(throws: ModelError.self) { try ReferenceModel(changed("            breaks: R4\n", "            excuses: R4\n"), file: "mine.yaml") }
    #expect(verify(mild).isEmpty)
  }

  /// A model without a rule does not speak of it.
  @Test func aModelMayHaveFewerRules() throws {
    let end = try #require(Self.text.range(of: "  - rule: R2"))
    let begin = try #require(Self.text.range(of: "  - rule: R1"))
    let text = String(Self.text[..<begin.lowerBound] + Self.text[end.lowerBound...])
    let model = try ReferenceModel(Array(text.utf8), file: "mine.yaml")
    let play = Play(model)
    play.ordinaryPolls(40)
    play.softirq { $0.poll(3) }
    let verification = play.finish()
    #expect(verification.rules.map(\.rule.id).first == .r2)
    #expect(verification.broken.isEmpty)
  }
}
