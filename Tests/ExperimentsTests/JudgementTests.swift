import Events
import Model
import Testing

@testable import Experiments

/// Verdicts from recordings that are written down here.
@Suite struct JudgementTests {
  /// A kernel that plays a script: each call emits one event, 1 µs after the one before.
  private struct Kernel {
    var names = NameTable()
    var wire = WireWatch(devices: ["wpc-12ab", "wps-12ab"], tag: "12ab")
    var share: SoftirqShare
    var account: Account
    var time: UInt64 = 0
    var cpu: Int32 = 0
    var flags = ContextFlags.softirq

    init(_ account: Account = Account()) {
      self.account = account
      share = SoftirqShare(account.windows)
    }

    mutating func emit(_ body: Event.Body) {
      time += 1_000
      let event = Event(time: time, cpu: cpu, pid: 1, flags: flags, body: body)
      wire.observe(event, names)
      share.observe(event)
    }

    mutating func receive(_ device: String) {
      let name = names.intern(device)
      emit(.netifReceiveSkb(skb: 1, length: 52, device: name))
    }

    mutating func wake(_ comm: String) {
      let name = names.intern(comm)
      emit(.schedWaking(pid: 5, comm: name))
    }

    /// A segment of the account whose processing wakes `comms`.
    mutating func segment(_ role: Account.Passed.Role, to device: String, slept: [String] = [], woke: [String] = [], comms: [String]) {
      account.passed.append(Account.Passed(device: device, role: role, slept: slept, woke: woke))
      receive(device)
      for comm in comms { wake(comm) }
      emit(.softirqExit(vector: SoftIRQ.netRX))
    }

    func result(_ claim: String, unrecorded: String? = nil) throws -> ClaimResult {
      let judgement = Judgement(account: account, unrecorded: unrecorded, wire: wire, share: share)
      return try #require(judgement.results().first { $0.claim.id == claim })
    }
  }

  private func handshake() -> Kernel {
    var kernel = Kernel()
    kernel.segment(.syn, to: "wps-12ab", slept: ["accept", "connect"], comms: [])
    kernel.segment(.synACK, to: "wpc-12ab", slept: ["accept", "connect"], woke: ["connect"], comms: ["connect-12ab"])
    kernel.segment(.finalACK, to: "wps-12ab", slept: ["accept"], woke: ["accept"], comms: ["accept-12ab"])
    kernel.segment(.fin, to: "wps-12ab", slept: ["read"], woke: ["read"], comms: ["read-12ab"])
    kernel.segment(.lastACK, to: "wps-12ab", comms: [])
    return kernel
  }

  @Test func eachSegmentOfAHandshakeIsCountedByItself() throws {
    let result = try handshake().result("S8")
    #expect(result.verdict == .refuted)
    #expect((result.for, result.against) == (2, 3))
    #expect(
      result.detail
        == "SYN woke nobody in 1 cases; SYN-ACK woke connect() 1 of 1; final ACK woke accept() 1 of 1; FIN woke read() 1 of 1; "
        + "last ACK woke nobody in 1 cases")
  }

  @Test func wakeupsOfOthersAreNotTheSegments() throws {
    var kernel = Kernel()
    kernel.wake("connect-12ab")
    kernel.account.passed.append(Account.Passed(device: "wps-12ab", role: .syn, slept: ["connect"], woke: []))
    kernel.receive("wps-12ab")
    // Another run's thread, one woken on another CPU, one by a hard interrupt, one that did not sleep in its call, one by the next packet, and one after the soft interrupt.
    kernel.wake("connect-ffff")
    kernel.cpu = 1
    kernel.wake("connect-12ab")
    kernel.cpu = 0
    kernel.flags = [.softirq, .hardirq]
    kernel.wake("connect-12ab")
    kernel.flags = .softirq
    kernel.wake("accept-12ab")
    kernel.receive("eth0")
    kernel.wake("connect-12ab")
    kernel.emit(.softirqExit(vector: SoftIRQ.netRX))
    kernel.wake("connect-12ab")
    let result = try kernel.result("S8")
    #expect(result.verdict == .unobserved)
    #expect((result.for, result.against) == (1, 0))
  }

  @Test func threadsThatSawItOtherwiseAreNamed() throws {
    var kernel = handshake()
    kernel.account.passed[0].woke = ["accept"]
    #expect(try kernel.result("S8").detail.hasSuffix("in 1 of 5 cases the threads themselves saw it otherwise"))
  }

  @Test func lostSegmentsLeaveTheClaimOpen() throws {
    var kernel = handshake()
    kernel.account.passed.append(kernel.account.passed[0])
    let result = try kernel.result("S8")
    #expect(result.verdict == .unobserved)
    #expect(result.detail == "6 segments were sent and 5 recorded, so they cannot be told apart: events were lost")
  }

  @Test func withoutARecordingTheThreadsThemselvesDecide() throws {
    var kernel = Kernel()
    kernel.account = handshake().account
    let result = try kernel.result("S8", unrecorded: "no tracefs")
    #expect(result.verdict == .refuted)
    #expect((result.for, result.against) == (2, 3))
    #expect(result.detail.hasSuffix("for nothing was recorded: no tracefs"))
  }

  @Test(arguments: [true, false]) func pushIsJudgedByWhatComesWithoutIt(isHeld: Bool) throws {
    var kernel = Kernel()
    kernel.account.receiveBuffer = 4096
    kernel.segment(.dataWithPush, to: "wps-12ab", slept: ["read"], woke: ["read"], comms: ["read-12ab"])
    kernel.segment(.dataWithoutPush, to: "wps-12ab", slept: ["read"], woke: isHeld ? [] : ["read"], comms: isHeld ? [] : ["read-12ab"])
    kernel.segment(.dataBelowLowWater, to: "wps-12ab", slept: ["read"], comms: [])
    let result = try kernel.result("S9")
    // A kernel that holds data back without PSH is not one that we expect, but one case of that does not confirm the statement either.
    #expect(result.verdict == (isHeld ? .unobserved : .refuted))
    #expect((result.for, result.against) == (isHeld ? 1 : 0, isHeld ? 0 : 1))
    #expect(result.detail.contains("with PSH 1 of 1 after 1.0 µs (median), in a buffer of 4096"))
    #expect(result.detail.contains("segments with PSH woke it 0 of 1 times"))
  }

  private static let windows = [
    Account.Window(isFlood: false, from: 0, to: 10_000, packets: 0, softirqPerMille: 0),
    Account.Window(isFlood: true, from: 20_000, to: 30_000, packets: 9, softirqPerMille: 100)
  ]

  @Test func softInterruptsAreClippedToTheWindows() throws {
    var account = Account()
    account.windows = Self.windows
    var kernel = Kernel(account)
    kernel.time = 7_000
    kernel.emit(.softirqEntry(vector: SoftIRQ.netRX))  // 8,000: two thousand of it at rest
    kernel.time = 24_000
    kernel.emit(.softirqExit(vector: SoftIRQ.netRX))  // 25,000: five thousand in the flood
    kernel.emit(.softirqEntry(vector: SoftIRQ.netTX))
    kernel.emit(.softirqExit(vector: SoftIRQ.netTX))
    #expect(kernel.share.inSoftirq == [2_000, 5_000])
    let result = try kernel.result("S6b")
    #expect(result.verdict == .confirmed)
    #expect(result.detail == "NET_RX took 20.0 % of all CPUs at rest and 50.0 % under 9 datagrams (si of /proc/stat: 0.0 % and 10.0 %)")
  }

  @Test func aFloodThatCostsNothingRefutes() throws {
    var account = Account()
    account.windows = Self.windows
    var kernel = Kernel(account)
    kernel.emit(.softirqEntry(vector: SoftIRQ.netRX))
    kernel.emit(.softirqExit(vector: SoftIRQ.netRX))
    let result = try kernel.result("S6b")
    #expect(result.verdict == .refuted)
    #expect(result.isUnexpected)
  }

  @Test func lossesAreSaid() throws {
    var account = Account()
    account.windows = Self.windows
    var kernel = Kernel(account)
    kernel.time = 20_000
    kernel.emit(.softirqEntry(vector: SoftIRQ.netRX))
    kernel.emit(.gap(before: 24_000, events: 3))
    kernel.time = 25_000
    kernel.emit(.softirqExit(vector: SoftIRQ.netRX))
    #expect(kernel.share.inSoftirq == [0, 0])
    #expect(try kernel.result("S6b").detail.hasSuffix("events were lost in 1 of 2 windows"))
  }

  @Test func whatWasRefusedIsUnobservedWithItsReason() throws {
    var kernel = Kernel()
    kernel.account.refusals = [Account.Refusal(claim: "S8", why: "the kernel allows no network namespace (Operation not permitted)")]
    let result = try kernel.result("S8")
    #expect(result.verdict == .unobserved)
    #expect(result.detail == "the kernel allows no network namespace (Operation not permitted)")
    #expect(try kernel.result("S12").detail == "the experiments did not come to their end")
  }

  @Test func methodsThatAgreeMakeOneResult() throws {
    let claim = try #require(ReferenceModel.linux.claim("S11"))
    let live = ClaimResult(claim, by: .live, for: 2, against: 1, detail: "a")
    let types = ClaimResult(claim, by: .structure, for: 3, against: 1, detail: "b")
    let merged = try #require(ClaimResult.merged([live, types]).first)
    #expect(merged.verdict == .mixed)
    #expect((merged.for, merged.against) == (5, 2))
    #expect(merged.detail == "by experiment: a; in the kernel's types: b")
    let unobserved = ClaimResult.unobserved(claim, by: .structure, because: "no BTF")
    #expect(ClaimResult.merged([unobserved, live]).first?.detail == "a")
    #expect(ClaimResult.merged([unobserved]).first?.verdict == .unobserved)
  }
}
