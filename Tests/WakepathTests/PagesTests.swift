import Foundation
import Support
import Testing

/// Raw ring-buffer pages, which say neither whose they are nor what is in them.
@Suite("Raw ring-buffer pages")
struct PagesTests {
  /// A copy of tracefs with the pages and formats of `builder`, and a trace.dat of the same.
  private func folder(_ builder: TraceDatBuilder, _ body: (_ copy: URL, _ trace: String) throws -> Void) throws {
    let folder = try Repository.temporaryDirectory()
    defer { try? FileManager.default.removeItem(at: folder) }
    let copy = folder.appendingPathComponent("tracing")
    func write(_ data: Data, _ path: String) throws {
      let url = copy.appendingPathComponent(path)
      try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try data.write(to: url)
    }
    try write(Data(builder.headerPage.utf8), "events/header_page")
    for (system, texts) in builder.formats {
      for text in texts { try write(Data(text.utf8), "events/\(system)/\(KernelRecording.name(text))/format") }
    }
    for (cpu, pages) in builder.cpus.enumerated() { try write(pages.reduce(Data(), +), "per_cpu/cpu\(cpu)/trace_pipe_raw") }
    try write(Data(), "per_cpu/cpu7/trace_pipe_raw")
    try write(Data(builder.commandLines.utf8), "saved_cmdlines")
    try write(Data("local global counter [mono] boot\n".utf8), "trace_clock")
    let trace = folder.appendingPathComponent("trace.dat")
    try builder.build().write(to: trace)
    try body(copy, trace.path)
  }

  @Test("in a copy of tracefs are read as the trace.dat of the same", arguments: [4, 8], [false, true])
  func copyOfTracefs(longSize: Int, isBigEndian: Bool) throws {
    let builder = Transcoder.traceDat(try SmallRecording(), longSize: longSize, isBigEndian: isBigEndian)
    try folder(builder) { copy, trace in
      let packets = try BuiltFormatsTests.packets([copy.path])
      #expect(packets.count > 20)
      #expect(try packets == BuiltFormatsTests.packets([trace]))
      let report = try JSONSerialization.jsonObject(with: Tool.wakepath("report", "--json", copy.path).output) as? [String: Any]
      let summary = try #require(report?["trace"] as? [String: Any])
      #expect(summary["clock"] as? String == "mono" && summary["format"] as? String == "ring-buffer pages")
      #expect((summary["damage"] as? [Any])?.isEmpty == true)
    }
  }

  @Test("of a snapshot are read where there are no others, and not among those of the ring that went on")
  func snapshot() throws {
    try folder(try SmallRecording().traceDat) { copy, trace in
      let expected = try BuiltFormatsTests.packets([trace])
      for cpu in 0..<2 {
        let folder = copy.appendingPathComponent("per_cpu/cpu\(cpu)")
        try FileManager.default.copyItem(at: folder.appendingPathComponent("trace_pipe_raw"), to: folder.appendingPathComponent("snapshot_raw"))
      }
      #expect(try BuiltFormatsTests.packets([copy.path]) == expected)
      for cpu in [0, 1] { try FileManager.default.removeItem(at: copy.appendingPathComponent("per_cpu/cpu\(cpu)/trace_pipe_raw")) }
      #expect(try BuiltFormatsTests.packets([copy.path]) == expected)
    }
  }

  @Test("of which nothing is left but a snapshot's text are read as that")
  func snapshotText() throws {
    let folder = try Repository.temporaryDirectory()
    defer { try? FileManager.default.removeItem(at: folder) }
    let line = "          <idle>-0       [001] d.h1.  2209.435692: irq_handler_entry: irq=36 name=eth0-rx\n"
    try Data("# tracer: nop\n#\n\(line)".utf8).write(to: folder.appendingPathComponent("snapshot"))
    #expect(String(decoding: try Tool.wakepath("events", folder.path).output, as: UTF8.self) == line)
  }

  @Test("in files named after their CPUs are read with formats from elsewhere, as those of a trace-cmd record that was killed")
  func filesAndFormats() throws {
    try folder(try SmallRecording().traceDat) { copy, trace in
      let files = try (0..<2).map { cpu in
        let path = copy.deletingLastPathComponent().appendingPathComponent("killed.dat.cpu\(cpu)")
        try FileManager.default.copyItem(at: copy.appendingPathComponent("per_cpu/cpu\(cpu)/trace_pipe_raw"), to: path)
        return path.path
      }
      let idle = copy.deletingLastPathComponent().appendingPathComponent("killed.dat.cpu2").path
      try Data().write(to: URL(fileURLWithPath: idle))
      let expected = try BuiltFormatsTests.packets([trace])
      #expect(try BuiltFormatsTests.packets(["--formats", trace] + files + [idle]) == expected)
      #expect(try Tool.wakepath("report", "--formats", trace, idle).errors.contains("the file is empty"))
      for formats in [copy.path, copy.appendingPathComponent("events").path, trace] {
        #expect(try BuiltFormatsTests.packets(["--formats", formats] + files) == expected)
      }
      let events = try Tool.run(Repository.wakepath, ["events", "--formats", trace] + files)
      #expect(events.output == (try Tool.wakepath("events", trace)).output)
      // A directory of such files.
      let folder = copy.deletingLastPathComponent().appendingPathComponent("files")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      for file in files {
        try FileManager.default.moveItem(atPath: file, toPath: folder.appendingPathComponent((file as NSString).lastPathComponent).path)
      }
      #expect(try BuiltFormatsTests.packets(["--formats", trace, folder.path]) == expected)
    }
  }

  @Test("that a wakepath record left when it was killed are read with what lies beside them, up to where all CPUs are complete")
  func leftByAKilledRecorder() throws {
    try folder(try SmallRecording().traceDat) { copy, trace in
      let left = copy.deletingLastPathComponent().appendingPathComponent("w.dat.7.pages")
      try FileManager.default.createDirectory(at: left, withIntermediateDirectories: true)
      try FileManager.default.copyItem(atPath: trace, toPath: left.appendingPathComponent("head.dat").path)
      for cpu in 0..<2 {
        let file = left.appendingPathComponent("cpu\(cpu)")
        try FileManager.default.copyItem(at: copy.appendingPathComponent("per_cpu/cpu\(cpu)/trace_pipe_raw"), to: file)
      }
      func packets() throws -> [Substring] {
        let result = try Tool.wakepath("packets", left.path)
        #expect(result.errors == "")
        return result.lines
      }
      let whole = try Tool.wakepath("packets", trace).lines
      #expect(whole.count > 10)
      #expect(try packets() == whole)
      for (until, isThere) in [(UInt64.max, true), (1, false)] {
        try Data("\(until)\n".utf8).write(to: left.appendingPathComponent("until"))
        #expect(try packets().contains { $0.contains(" rx ") } == isThere)
      }
      // In the middle of a page, too.
      let events = try Tool.wakepath("events", "--json", trace).lines.filter { !$0.isEmpty }.compactMap { line in
        try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      }
      let times = events.compactMap { ($0["time"] as? NSNumber)?.uint64Value }.sorted()
      for time in [times[times.count / 3], times[times.count / 2] + 1] {
        try Data("\(time)\n".utf8).write(to: left.appendingPathComponent("until"))
        #expect(try Tool.wakepath("events", "--json", left.path).lines.count { !$0.isEmpty } == times.count { $0 <= time })
      }
      #expect(try Tool.wakepath("events", left.path, left.path).errors.contains("\(left.path): holds pages of another recording"))
      try FileManager.default.removeItem(at: left.appendingPathComponent("until"))
      // The kernel fills a long with the sign of its flags.
      let flagged = left.appendingPathComponent("cpu0")
      let plain = try Data(contentsOf: flagged)
      var page = plain
      page[11] |= 0x80
      page.replaceSubrange(12..<16, with: repeatElement(0xff, count: 4))
      try page.prefix(4096).write(to: flagged)
      #expect(try Tool.wakepath("events", left.path).status == 0)
      try plain.write(to: flagged)
      // What a flight recorder has let go is a hole before its pages.
      for cpu in 0..<2 {
        let file = left.appendingPathComponent("cpu\(cpu)")
        let pages = try Data(contentsOf: file)
        let handle = try FileHandle(forWritingTo: file)
        try handle.truncate(atOffset: 0)
        try handle.seek(toOffset: 1 << 20)
        try handle.write(contentsOf: pages)
        try handle.close()
      }
      #expect(try packets() == whole)
      // Killed before there was anything.
      for cpu in 0..<2 { try Data().write(to: left.appendingPathComponent("cpu\(cpu)")) }
      _ = try packets()
    }
  }

  @Test("are as large as they are, where the formats come from a recording on larger ones")
  func formatsOfLargerPages() throws {
    let recording = try SmallRecording()
    try folder(recording.traceDat) { copy, trace in
      var larger = recording.traceDat
      larger.pageSize = 16384
      larger.cpus = []
      let formats = copy.appendingPathComponent("larger.dat")
      try larger.build().write(to: formats)
      let pages = (0..<2).map { copy.appendingPathComponent("per_cpu/cpu\($0)/trace_pipe_raw").path }
      func events(_ formats: String) throws -> [Substring] {
        let result = try Tool.run(Repository.wakepath, ["events", "--formats", formats] + pages)
        #expect(result.errors == "")
        return result.lines
      }
      #expect(try events(formats.path) == events(trace))
      #expect(try events(trace).count > 100)
    }
  }

  @Test("without formats, without a CPU or of another layout are refused with what is needed")
  func refusals() throws {
    try folder(try SmallRecording().traceDat) { copy, _ in
      let page = copy.appendingPathComponent("per_cpu/cpu0/trace_pipe_raw").path
      let nameless = copy.appendingPathComponent("pages").path
      try FileManager.default.copyItem(atPath: page, toPath: nameless)
      let empty = copy.appendingPathComponent("saved").path
      try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: true)
      for (arguments, sentence) in [
        ([page], "add `--formats DIRECTORY`"), ([nameless], "must have its CPU in its name"), ([empty], "is a directory without a recording"),
        (["--formats", empty, page], "holds no formats of events"), (["--formats", page, page], "holds no formats")
      ] {
        let result = try Tool.run(Repository.wakepath, ["report"] + arguments)
        #expect(result.status == 3 && result.errors.contains(sentence), "\(arguments): \(result.errors)")
        #expect(result.errors.filter { $0 == "\n" }.count == 1)
      }
    }
  }

  @Test("that are cut or zeroed cost what they held")
  func damage() throws {
    try folder(try SmallRecording().traceDat) { copy, _ in
      let page = copy.appendingPathComponent("per_cpu/cpu1/trace_pipe_raw")
      var data = try Data(contentsOf: page)
      data.resetBytes(in: 4096..<8192)
      try data.dropLast(100).write(to: page)
      let result = try Tool.wakepath("report", "--json", copy.path)
      #expect(result.status == 3)
      let report = try JSONSerialization.jsonObject(with: result.output) as? [String: Any]
      let damage = try #require((report?["trace"] as? [String: Any])?["damage"] as? [[String: Any]])
      #expect(Set(["pageZeroTime", "pageCutShort"]).isSubset(of: damage.compactMap { $0["kind"] as? String }))
    }
  }

  @Test("are not looked for where there is the text of the trace")
  func textOfTheFolder() throws {
    let folder = try Repository.temporaryDirectory()
    defer { try? FileManager.default.removeItem(at: folder) }
    let line = "          <idle>-0       [001] d.h1.  2209.435692: irq_handler_entry: irq=36 name=eth0-rx\n"
    try Data("# tracer: nop\n#\n\(line)".utf8).write(to: folder.appendingPathComponent("trace"))
    #expect(String(decoding: try Tool.wakepath("events", folder.path).output, as: UTF8.self) == line)
  }
}
