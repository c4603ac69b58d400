import Foundation
import Support
import Testing

/// The shape of the house: imports go one way, unsafe code has its few homes, files stay readable.
@Suite struct LayeringTests {
  /// What each target may import of ours: its dependencies in Package.swift, so that there is one list.
  private static let allowed: [String: Set<String>] = {
    let manifest = (try? String(contentsOf: Repository.root.appendingPathComponent("Package.swift"), encoding: .utf8)) ?? ""
    var allowed: [String: Set<String>] = [:]
    for target in manifest.matches(of: #/\.(?:target|executableTarget)\(\s*name: "(\w+)"(?:,\s*dependencies: \[([^\]]*)\])?/#) {
      let dependencies = (target.2 ?? "").replacing(#/\.product\([^)]*\)/#, with: "")
      allowed[String(target.1)] = Set(dependencies.matches(of: #/"(\w+)"/#).map { String($0.1) })
    }
    return allowed
  }()

  /// The targets that are C libraries.
  private static let libraries: Set<String> = ["CZstd", "CZlib", "CTraceEvent", "CTraceFS", "CElf", "CLinux"]

  /// Files over a C library or raw system calls, outside Bytes.
  private static let unsafeHomes: Set<String> = [
    "Decoding/Formats/TraceEventLibrary.swift", "Capture/TraceFSLibrary.swift", "Capture/SystemCalls.swift",
    "Layouts/ELF/ELFFile.swift", "Experiments/SystemCalls.swift"
  ]

  private static let sources: [(name: String, lines: [Substring])] = {
    let folder = Repository.root.appendingPathComponent("Sources")
    let files = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
    return files.filter { $0.hasSuffix(".swift") }.map { name in
      let text = (try? String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)) ?? ""
      return (name, text.split(separator: "\n", omittingEmptySubsequences: false))
    }
  }()

  @Test func thereAreSources() { #expect(Self.sources.count > 40) }

  @Test func importsGoOneWay() throws {
    #expect(Self.allowed.count >= 11 && Self.allowed["Bytes"] == ["CZstd", "CZlib"] && Self.allowed["Reports"]?.contains("Model") == true)
    let ours = Set(Self.allowed.keys).union(Self.libraries)
    for (name, lines) in Self.sources {
      let target = String(name.split(separator: "/")[0])
      let allowed = try #require(Self.allowed[target], "\(name) lies in no known target")
      for line in lines {
        let words = line.split(separator: " ")
        guard let index = words.firstIndex(of: "import"), index <= 1, words.count > index + 1 else { continue }
        let module = String(words[index + 1])
        #expect(!ours.contains(module) || allowed.contains(module), "\(name) imports \(module)")
      }
    }
  }

  @Test func unsafeCodeHasItsHomes() {
    for (name, lines) in Self.sources where !name.hasPrefix("Bytes/") && !Self.unsafeHomes.contains(name) {
      let found = lines.first { line in
        !line.trimmingPrefix(while: \.isWhitespace).hasPrefix("//") && line.split(whereSeparator: { !$0.isLetter }).contains("unsafe")
      }
      #expect(found == nil, "\(name): \(found ?? "")")
    }
  }

  @Test func filesStayReadable() {
    for (name, lines) in Self.sources {
      #expect(lines.count <= 400, "\(name) has \(lines.count) lines: split it by aspect")
      let long = lines.first { $0.count > 160 }
      #expect(long == nil, "\(name): a line of \(long?.count ?? 0) characters")
    }
  }
}
