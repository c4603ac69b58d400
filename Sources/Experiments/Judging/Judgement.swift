internal import Model

/// Makes results of what the experiments' process and the recording saw.
struct Judgement {
  let account: Account
  /// Why there is no recording, or nil.
  let unrecorded: String?
  let wire: WireWatch
  let share: SoftirqShare

  /// What decides the claims that the experiments' process cannot decide alone, by their ids.
  private static let evaluators: [String: @Sendable (Judgement, Claim) -> ClaimResult?] = [
    "S6b": { $0.flood($1) }, "S8": { $0.handshakes($1) }, "S9": { $0.pushing($1) }
  ]

  /// A result for each claim that is decided by experiment.
  func results() -> [ClaimResult] {
    ReferenceModel.linux.claims.filter { $0.methods.contains(.live) }.map { claim in
      if let finding = account.findings.first(where: { $0.claim == claim.id }) {
        return ClaimResult(claim, by: .live, for: finding.supporting, against: finding.opposing, detail: finding.detail)
      }
      if let refusal = account.refusals.first(where: { $0.claim == claim.id }) { return .unobserved(claim, by: .live, because: refusal.why) }
      let whyNot = account.isComplete ? "no case was seen" : "the experiments did not come to their end"
      return Self.evaluators[claim.id]?(self, claim) ?? .unobserved(claim, by: .live, because: whyNot)
    }
  }

  // MARK: S8

  /// One segment, whom the recording says it woke, and after how long.
  struct Case {
    var segment: Account.Passed
    var arrival: WireWatch.Arrival?
    /// A thread that did not sleep in its call when the segment came was woken for something else.
    var woke: [String] { arrival.map { $0.woke.map(\.call).filter(segment.slept.contains) } ?? segment.woke }
  }

  private enum Cases {
    case seen([Case])
    case unclear(String)
  }

  /// The segments of some roles; where nothing was recorded, as the process itself saw them.
  private func cases(_ isWanted: (Account.Passed.Role) -> Bool) -> Cases {
    guard unrecorded == nil else {
      return .seen(account.passed.filter { isWanted($0.role) }.map { Case(segment: $0, arrival: nil) })
    }
    guard let joined = wire.join(account.passed) else {
      let seen = wire.arrivals.values.reduce(0) { $0 + $1.count }
      return .unclear("\(account.passed.count) segments were sent and \(seen) recorded, so they cannot be told apart: events were lost")
    }
    return .seen(joined.filter { isWanted($0.0.role) }.map { Case(segment: $0.0, arrival: $0.1) })
  }

  private func handshakes(_ claim: Claim) -> ClaimResult? {
    let roles: [Account.Passed.Role] = [.syn, .synACK, .finalACK, .fin, .ackOfFIN, .secondFIN, .lastACK, .rst]
    let found: [Case]
    switch cases({ roles.contains($0) }) {
    case .unclear(let why): return .unobserved(claim, by: .live, because: why)
    case .seen(let cases): found = cases
    }
    if found.isEmpty { return nil }
    let parts = roles.compactMap { role in Self.sentence(role, found.filter { $0.segment.role == role }) }
    var detail = parts.joined(separator: "; ")
    let differing = found.count { $0.arrival != nil && Set($0.woke) != Set($0.segment.woke) }
    if let unrecorded { detail += "; seen by the sleeping threads alone, for nothing was recorded: \(unrecorded)" }
    if differing > 0 { detail += "; in \(differing) of \(found.count) cases the threads themselves saw it otherwise" }
    return ClaimResult(
      claim, by: .live, for: found.count { $0.woke.isEmpty }, against: found.count { !$0.woke.isEmpty }, detail: detail)
  }

  private static func sentence(_ role: Account.Passed.Role, _ cases: [Case]) -> String? {
    guard !cases.isEmpty else { return nil }
    var whom: [String] = []
    for call in cases.flatMap(\.woke) where !whom.contains(call) { whom.append(call) }
    let parts = whom.map { call in
      let could = cases.filter { $0.segment.slept.contains(call) }
      return "\(name(call)) \(could.count { $0.woke.contains(call) }) of \(could.count)"
    }
    let idle = cases.count { $0.segment.slept.isEmpty }
    let alone = idle > 0 && !whom.isEmpty ? " (and nobody slept for \(idle))" : ""
    return "\(role.rawValue) woke " + (parts.isEmpty ? "nobody in \(cases.count) cases" : parts.joined(separator: " and ")) + alone
  }

  private static func name(_ call: String) -> String { call == "peer" ? "the closing side's read()" : "\(call)()" }

  // MARK: S9

  private func pushing(_ claim: Claim) -> ClaimResult? {
    let roles: [Account.Passed.Role] = [.dataWithPush, .dataWithoutPush, .dataBelowLowWater, .dataAtLowWater]
    let found: [Case]
    switch cases({ roles.contains($0) }) {
    case .unclear(let why): return .unobserved(claim, by: .live, because: why)
    case .seen(let cases): found = cases
    }
    func of(_ role: Account.Passed.Role) -> [Case] { found.filter { $0.segment.role == role } }
    let (with, without) = (of(.dataWithPush), of(.dataWithoutPush))
    let (below, at) = (of(.dataBelowLowWater), of(.dataAtLowWater))
    guard !without.isEmpty else { return nil }
    func woke(_ cases: [Case]) -> Int { cases.count { !$0.woke.isEmpty } }
    var detail =
      "100 bytes without PSH woke the reader \(woke(without)) of \(without.count) times\(Self.delay(without)), with PSH "
      + "\(woke(with)) of \(with.count)\(Self.delay(with)), in a buffer of \(account.receiveBuffer)"
    if !below.isEmpty {
      detail +=
        "; with SO_RCVLOWAT 1000, segments with PSH woke it \(woke(below)) of \(below.count) times before that was reached, "
        + "\(woke(at)) of \(at.count) when it was"
    }
    if let unrecorded { detail += "; times are not known, for nothing was recorded: \(unrecorded)" }
    return ClaimResult(claim, by: .live, for: without.count - woke(without), against: woke(without), detail: detail)
  }

  /// The median time from netif_receive_skb to sched_waking.
  private static func delay(_ cases: [Case]) -> String {
    let times = cases.compactMap { item in
      item.arrival.flatMap { arrival in
        arrival.woke.first { item.segment.slept.contains($0.call) }.map { $0.time - arrival.receive }
      }
    }.sorted()
    guard !times.isEmpty else { return "" }
    let median = times[times.count / 2]
    return " after \(median / 1000).\(median / 100 % 10) µs (median)"
  }

  // MARK: S6b

  private func flood(_ claim: Claim) -> ClaimResult? {
    let pairs = stride(from: 0, to: account.windows.count - 1, by: 2).map { ($0, $0 + 1) }
    guard !pairs.isEmpty else { return nil }
    let shares = account.windows.indices.map { share.share($0) }
    let sent = account.windows.reduce(0) { $0 + $1.packets }
    func mean(_ isFlood: Bool, _ of: (Int) -> Double) -> String {
      let indices = account.windows.indices.filter { account.windows[$0].isFlood == isFlood }
      let perMille = Int((indices.reduce(0) { $0 + of($1) } / Double(max(indices.count, 1)) * 1000).rounded())
      return "\(perMille / 10).\(perMille % 10) %"
    }
    func stat(_ index: Int) -> Double { Double(account.windows[index].softirqPerMille ?? 0) / 1000 }
    var detail = "NET_RX took \(mean(false) { shares[$0] }) of all CPUs at rest and \(mean(true) { shares[$0] }) under \(sent) datagrams"
    if let unrecorded {
      // Ticks are coarse: the windows decide together.
      detail = "si took \(mean(false, stat)) at rest and \(mean(true, stat)) under \(sent) datagrams, by /proc/stat alone: \(unrecorded)"
      func all(_ isFlood: Bool) -> Int { account.windows.filter { $0.isFlood == isFlood }.reduce(0) { $0 + ($1.softirqPerMille ?? 0) } }
      guard all(true) + all(false) > 0 else { return .unobserved(claim, by: .live, because: detail) }
      return ClaimResult(claim, by: .live, for: all(true) > all(false) ? 1 : 0, against: all(true) > all(false) ? 0 : 1, detail: detail)
    }
    detail += " (si of /proc/stat: \(mean(false, stat)) and \(mean(true, stat)))"
    if !share.damaged.isEmpty { detail += "; events were lost in \(share.damaged.count) of \(account.windows.count) windows" }
    let rises = pairs.count { shares[$0.1] > shares[$0.0] }
    return ClaimResult(claim, by: .live, for: rises, against: pairs.count - rises, detail: detail)
  }
}
