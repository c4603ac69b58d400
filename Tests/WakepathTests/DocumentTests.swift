import Foundation
import Support
import Testing

/// What README.md and Docs/ show is what happens: every command in them that begins with `wakepath` runs, and prints what stands below it.
@Suite struct DocumentTests {
  /// A command in a block of code, and what is shown of its output.
  struct Command {
    var line: Int
    var text: String
    /// Nil where nothing is shown.
    var output: [String]?
    /// What is shown of its exit status, by `echo $?` behind it.
    var status: Int32?
  }

  static let documents: [String] = {
    let folder = Repository.root.appendingPathComponent("Docs")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return ["README.md"] + names.filter { $0.hasSuffix(".md") }.sorted().map { "Docs/\($0)" }
  }()

  private static func lines(of document: String) throws -> [String] {
    try String(contentsOf: Repository.root.appendingPathComponent(document), encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false)
      .map(String.init)
  }

  /// The commands of a document: `wakepath …`, or `$ wakepath …` with its output behind it.
  static func commands(in lines: [String]) -> [Command] {
    var commands: [Command] = []
    var isCode = false
    var isShown = false
    for (index, line) in lines.enumerated() {
      if line.hasPrefix("```") {
        isCode.toggle()
        isShown = false
      } else if isCode, line.hasPrefix("$ ") {
        isShown = line.hasPrefix("$ wakepath ")
        if line == "$ echo $?", !commands.isEmpty, index + 1 < lines.count { commands[commands.count - 1].status = Int32(lines[index + 1]) }
        if isShown { commands.append(Command(line: index + 1, text: String(line.dropFirst(2)), output: [])) }
      } else if isCode, isShown {
        commands[commands.count - 1].output?.append(line)
      } else if isCode, line.hasPrefix("wakepath ") {
        commands.append(Command(line: index + 1, text: line, output: nil))
      }
    }
    return commands
  }

  /// Files that a document shows: a block of code behind a line that ends with their name.
  static func files(in lines: [String]) -> [(name: String, text: String)] {
    var files: [(name: String, text: String)] = []
    var named: String?
    var open: [String]?
    for line in lines {
      if line.hasPrefix("```") {
        if let name = named, let text = open {
          files.append((name, text.joined(separator: "\n") + "\n"))
          named = nil
        }
        open = open == nil && named != nil ? [] : nil
      } else if open != nil {
        open?.append(line)
      } else if let match = line.firstMatch(of: #/`([\w-]+\.ya?ml)`:$/#) {
        named = String(match.1)
      } else if !line.isEmpty {
        named = nil
      }
    }
    return files
  }

  /// Why a command cannot be run by a test.
  static func obstacle(_ command: Command) -> String? {
    let words = command.text.split(separator: " ")
    let subcommand = words.dropFirst().first { !$0.hasPrefix("-") }
    if subcommand == "record" || subcommand == "top" { return "it records the running kernel" }
    if words.contains("--live") { return "it makes experiments on the running kernel, for which ExperimentsTests are" }
    if subcommand == "pair" || subcommand == "fleet" { return "it needs recordings of several machines" }
    let names: Set<Substring> = ["FILE", "DIR", "OLD", "NEW", "OUT", "SCENARIO", "good.dat", "trace.dat.cpu0"]
    let stand = words.first { names.contains($0) || $0.hasPrefix("DIR/") }
    return stand.map { "\($0) stands for a file of the reader's" }
  }

  @Test(arguments: documents) func commandsDoWhatIsShown(document: String) throws {
    let folder = try Repository.temporaryDirectory()
    defer { try? FileManager.default.removeItem(at: folder) }
    for name in ["Traces", "Docs"] {
      try FileManager.default.createSymbolicLink(
        at: folder.appendingPathComponent(name), withDestinationURL: Repository.root.appendingPathComponent(name))
    }
    for file in Self.files(in: try Self.lines(of: document)) {
      try Data(file.text.utf8).write(to: folder.appendingPathComponent(file.name))
    }
    let path = URL(fileURLWithPath: Repository.wakepath).deletingLastPathComponent().path + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "")
    for command in Self.commands(in: try Self.lines(of: document)) {
      if let obstacle = Self.obstacle(command) {
        print("\(document):\(command.line): not run, \(obstacle): \(command.text)")
        continue
      }
      let result = try Tool.run("sh", ["-c", command.text], in: folder, environment: ["PATH": path])
      let place = "\(document):\(command.line): \(command.text)"
      // Not every machine can record, and a recording may be shown that breaks a rule.
      let usual: [Int32] = command.text.contains("doctor") ? [0, 3] : command.text.contains("verify") ? [0, 1] : [0]
      let allowed = command.status.map { [$0] } ?? usual
      #expect(allowed.contains(result.status), "\(place): status \(result.status), \(result.errors)")
      guard let shown = command.output else { continue }
      if let difference = Self.difference(shown: shown, printed: result.lines.map(String.init)) { Issue.record("\(place): \(difference)") }
    }
  }

  /// What is shown and was not printed; a line that is … stands for any lines, none included.
  static func difference(shown: [String], printed: [String]) -> String? {
    func trimmed(_ lines: [String]) -> [String] {
      var lines = lines.map { String($0.reversed().drop { $0 == " " }.reversed()) }
      while lines.last?.isEmpty == true { lines.removeLast() }
      return lines
    }
    let printed = trimmed(printed)
    let parts = trimmed(shown).split(separator: "…", omittingEmptySubsequences: false).map(Array.init)
    var place = 0
    for (index, part) in parts.enumerated() {
      let isLast = index == parts.count - 1
      if index == 0 || isLast {
        let start = isLast && index > 0 ? printed.count - part.count : 0
        guard start >= place, printed.dropFirst(start).prefix(part.count).elementsEqual(part) else { return missing(part, printed) }
        if index == 0, isLast, printed.count != part.count { return "\(printed.count - part.count) more lines are printed than shown" }
        place = start + part.count
      } else {
        let last = printed.count - part.count
        guard place <= last, let found = (place...last).first(where: { printed[$0..<$0 + part.count].elementsEqual(part) }) else {
          return missing(part, printed)
        }
        place = found + part.count
      }
    }
    return nil
  }

  private static func missing(_ part: [String], _ printed: [String]) -> String {
    let line = part.first { !printed.contains($0) } ?? part.first ?? ""
    let near = printed.first { $0.prefix(12) == line.prefix(12) }
    return "this is shown and not printed there:\n\(line)" + (near.map { "\nwhere this is:\n\($0)" } ?? "")
  }

  @Test func aDifferenceIsSeen() {
    let printed = ["a", "b", "c", "d"]
    for shown in [["a", "b", "c", "d"], ["a", "…"], ["…", "d"], ["a", "…", "c", "d"], ["a", "b", "…", "c", "d"], ["…", "b", "…"]] {
      #expect(Self.difference(shown: shown, printed: printed) == nil, "\(shown)")
    }
    for shown in [["a", "b", "c"], ["b", "…"], ["…", "c"], ["a", "…", "d", "c"], ["…", "x", "…"], ["a", "c", "…"], []] {
      #expect(Self.difference(shown: shown, printed: printed) != nil, "\(shown)")
    }
  }

  @Test func commandsAreFound() throws {
    let lines = ["wakepath no", "```", "$ wakepath report a", "x", "$ ls", "y", "wakepath two", "```", "```", "wakepath three", "```"]
    #expect(Self.commands(in: lines).map(\.text) == ["wakepath report a", "wakepath two", "wakepath three"])
    #expect(Self.commands(in: lines)[0].output == ["x"])
    #expect(Self.commands(in: try Self.lines(of: "README.md")).count >= 14)
  }

  @Test func theFrontDoorIsNoCorridor() throws {
    let text = try String(contentsOf: Repository.root.appendingPathComponent("README.md"), encoding: .utf8)
    #expect(text.utf8.count < 8192)
  }

  @Test(arguments: documents + ["CONTRIBUTING.md", "CHANGELOG.md"]) func linksLeadSomewhere(document: String) throws {
    let base = Repository.root.appendingPathComponent(document).deletingLastPathComponent()
    for link in try Self.lines(of: document).joined(separator: "\n").matches(of: #/\]\(([^)#\s]+)(?:#[^)]*)?\)/#) where !link.1.hasPrefix("http") {
      let target = base.appendingPathComponent(String(link.1)).standardizedFileURL
      #expect(FileManager.default.fileExists(atPath: target.path), "\(document) leads to \(link.1)")
    }
  }

  /// Tests and sources cite facts by section or example; each is there.
  @Test func citedFactsAreThere() throws {
    let facts = try Self.lines(of: "Docs/kernel-facts.md")
    let headings = Set(
      facts.filter { $0.hasPrefix("#") }.compactMap { $0.firstMatch(of: #/^#+ (?:Appendix )?([A-Z]?[0-9.]*[0-9A-Z])\.? /#).map { String($0.1) } })
    var cited = 0
    for folder in ["Tests", "Sources"] {
      let root = Repository.root.appendingPathComponent(folder)
      for name in FileManager.default.enumerator(atPath: root.path)?.compactMap({ $0 as? String }) ?? [] where name.hasSuffix(".swift") {
        let text = try String(contentsOf: root.appendingPathComponent(name), encoding: .utf8)
        for match in text.matches(of: #/kernel-facts\.md,? ([A-Z]?[0-9.]*[0-9A-Z])\b/#) {
          cited += 1
          #expect(headings.contains(String(match.1)), "\(name) cites \(match.1)")
        }
      }
    }
    #expect(cited > 0)
  }
}
