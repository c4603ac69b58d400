import Foundation
import Support
import Testing

/// The same run in every format gives the same journeys, but for what the format does not say.
@Suite struct FormatMatrixTests {
  @Test func thereAreRunsOfBothKernels() {
    for name in ["6.1-virtio-udp-matrix", "6.1-virtio-tcp-matrix", "6.12-virtio-udp-matrix", "6.12-virtio-tcp-matrix"] {
      #expect(MatrixRun.all.contains { $0.testDescription == name })
    }
  }

  // MARK: one recording in several forms

  @Test(arguments: MatrixRun.all)
  func formsOfOneRecordingHaveTheSameJourneys(run: MatrixRun) throws {
    var full: [String: [JourneyRow]] = [:]
    for file in ["trace.dat", "perf.data", "perf.pipe"] { full[file] = try run.journeys(file) }
    for form in MatrixRun.forms {
      let expected = try #require(full[form.full])
      let found = try run.journeys(form)
      #expect(expected.count > 100)
      #expect(found.count == expected.count, "\(form.file)")
      var concessions = 0
      for (mine, its) in zip(found, expected) {
        let difference = asFull(mine, form, its, &concessions).difference(from: its)
        #expect(difference == nil, "\(form.file): \(difference ?? "")")
      }
      #expect(concessions <= 4, "\(form.file)")
    }
  }

  /// `row` as the full form would have it, where the differences are those that `form` cannot but have; any other is left.
  /// `concessions` counts those that go beyond a rounded time, a name that is not printed and a weaker link.
  private func asFull(_ row: JourneyRow, _ form: MatrixRun.Form, _ full: JourneyRow, _ concessions: inout Int) -> JourneyRow {
    var row = row
    // trace-cmd rounds to microseconds, perf cuts.
    for (index, mark) in row.stages.enumerated() {
      if let its = full.mark(mark.stage), abs(its.time - mark.time) < form.precision { row.stages[index].time = its.time }
    }
    guard form.isText else { return row }
    // sk_data_ready, inet_sock_set_state and tcp_rcv_space_adjust do not print their socket.
    if row.socket == nil { row.socket = full.socket }
    // What is sent before the connection's first event with a socket has only the socket.
    if row.direction == "tx", row.flow == nil, full.flow != nil {
      row.flow = full.flow
      concessions += 1
    }
    // perf script had no symbols, and 6.1 prints addresses in the text of trace-cmd, too.
    if row.location == nil { row.location = full.location }
    // Text without letters does not say whether a timer's interrupt or the packet woke a task. A wakeup that no announcement of data
    // comes before is therefore inferred, whether the packet's own or not, and before sk_data_ready it takes a packet's turn in its batch.
    if row.mark("waking")?.link == "inferred", row.woke != full.woke {
      row.stages.removeAll { ["waking", "running"].contains($0.stage) }
      row.stages += full.stages.filter { ["waking", "running"].contains($0.stage) }
      row.stages.sort { $0.time < $1.time }
      row.woke = full.woke
      concessions += 1
    }
    // The socket that announced data is known by order only, and order is what such a wakeup disturbs. No link may be surer than in full.
    for (index, mark) in row.stages.enumerated() where ["transport", "ready", "waking"].contains(mark.stage) {
      if let its = full.mark(mark.stage), its.weakness < mark.weakness { row.stages[index].link = its.link }
    }
    return row
  }

  @Test(arguments: MatrixRun.all)
  func formsOfOneRecordingHaveTheSameReport(run: MatrixRun) throws {
    for form in MatrixRun.forms {
      let expected = try run.report(form.full)
      let found = try run.report(form)
      for part in ["packets", "completeness", "drops", "interrupts", "stages", "deliveredStages", "total", "totals"] {
        let differences = Difference(form: form).all(found[part], expected[part], part)
        #expect(differences.isEmpty, "\(form.file): \(differences.prefix(5))")
      }
      let times = try ["first", "last", "events"].map { key in
        try [found, expected].map { try #require(($0["trace"] as? [String: Any])?[key] as? Int) }
      }
      #expect(times.dropLast().allSatisfy { abs($0[0] - $0[1]) < form.precision })
      #expect(times[2][0] == times[2][1])
    }
  }

  // MARK: several recorders of one run

  /// Each recorder stamps the same event for itself. trace-cmd, whose probes were the first on each tracepoint, is always the first; how much
  /// later perf is depends on what QEMU's host did in between.
  @Test(arguments: MatrixRun.all, ["perf.data", "perf.pipe"])
  func recordersOfOneRunHaveTheSameJourneys(run: MatrixRun, file: String) throws {
    let bounds = try ["trace.dat", file].map { try #require(try run.report($0)["trace"] as? [String: Any]) }
    let first = try bounds.map { try #require($0["first"] as? Int) }.max() ?? 0
    let last = try bounds.map { try #require($0["last"] as? Int) }.min() ?? 0
    let candidates = try run.journeys(file)
    var partners: [Int: Int] = [:]
    var delays: [Int] = []
    var compared = 0
    for row in try run.journeys("trace.dat") where row.begin > first && row.end < last {
      guard let partner = closest(to: row, in: candidates) else {
        Issue.record("\(file) has no packet \(row.skb) of \(row.length) bytes at \(row.begin)")
        continue
      }
      // What was not over when perf stopped goes on in trace.dat.
      if partner.completeness == "truncated" { continue }
      compared += 1
      partners[row.id] = partner.id
      delays += row.stages.compactMap { mark in partner.mark(mark.stage).map { $0.time - mark.time } }
      expectSamePath(row, partner, file)
      let difference = asRecorded(partner, row, partners).difference(from: row)
      #expect(difference == nil, "\(file): \(difference ?? "")")
    }
    #expect(compared > 100)
    #expect(Set(partners.values).count == compared)
    delays.sort()
    #expect(delays[0] > 0)
    #expect(delays[delays.count * 95 / 100] < 100_000)
    #expect(delays[delays.count - 1] < 50_000_000)
  }

  /// The journey of the packet that `row` is of: addresses are used again, so the closest in time.
  private func closest(to row: JourneyRow, in candidates: [JourneyRow]) -> JourneyRow? {
    candidates.filter { $0.skb == row.skb && $0.direction == row.direction && $0.length == row.length && $0.device == row.device }
      .min { distance($0, row) < distance($1, row) }
  }

  private func distance(_ row: JourneyRow, _ other: JourneyRow) -> Int { abs(row.begin - other.begin) + abs(row.end - other.end) }

  /// Stages on different CPUs may change places when each is stamped anew; those of one CPU may not.
  private func expectSamePath(_ row: JourneyRow, _ other: JourneyRow, _ file: String) {
    for cpu in Set(row.stages.map(\.cpu) + other.stages.map(\.cpu)) {
      let (mine, its) = (row.stages.filter { $0.cpu == cpu }.map(\.stage), other.stages.filter { $0.cpu == cpu }.map(\.stage))
      #expect(mine == its, "\(file): packet \(row.id) on CPU \(cpu)")
    }
  }

  /// `other` as trace-cmd recorded it: with its times and order of stages, which are held against each other by themselves, and its numbers.
  private func asRecorded(_ other: JourneyRow, _ row: JourneyRow, _ partners: [Int: Int]) -> JourneyRow {
    var same = other
    same.id = row.id
    if let follows = row.follows, partners[follows] == other.follows { same.follows = row.follows }
    // perf.data has no table of the kernel's symbols.
    if other.location == nil { same.location = row.location }
    for index in same.stages.indices { same.stages[index].time = row.mark(same.stages[index].stage)?.time ?? 0 }
    let order = row.stages.map(\.stage)
    same.stages.sort { (order.firstIndex(of: $0.stage) ?? 99) < (order.firstIndex(of: $1.stage) ?? 99) }
    return same
  }

  // MARK: events

  /// perf's default fields for tracepoints are comm, tid, cpu, time, event and trace. It names kernel code by the machine it runs on, so it was
  /// told to use no symbols (`--kallsyms /dev/null`).
  @Test(arguments: MatrixRun.all, ["perf.data", "perf.pipe"])
  func eventsEqualPerfScript(run: MatrixRun, file: String) throws {
    let theirs = try run.contents(file == "perf.data" ? "script.txt.gz" : "script-pipe.txt.gz")
    let ours = try Tool.wakepath("events", run.path(file))
    #expect(ours.status == 0)
    #expect(theirs.count > 100_000)
    guard ours.output != theirs else { return }
    let lines = String(decoding: theirs, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    let difference = zip(ours.lines, lines).first { $0 != $1 }
    Issue.record("'\(difference?.0 ?? "")' is not '\(difference?.1 ?? "")'; \(ours.lines.count) and \(lines.count) lines")
  }

  private static let hasPerf = Tool.isInstalled("perf")

  /// The same with the perf that is installed here.
  @Test(.enabled(if: hasPerf, "perf is not installed"), arguments: MatrixRun.all)
  func eventsEqualThisPerfScript(run: MatrixRun) throws {
    let fields = ["-F", "comm,tid,cpu,time,event,trace", "--kallsyms", "/dev/null"]
    let theirs = try Tool.run("perf", ["script", "-i", run.path("perf.data")] + fields)
    try #require(theirs.status == 0, "\(theirs.errors)")
    #expect(try Tool.wakepath("events", run.path("perf.data")).output == theirs.output)
  }
}
