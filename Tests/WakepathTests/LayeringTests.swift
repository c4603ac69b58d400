import Foundation
import Support
import Testing

/// The shape of the house: imports go one way, unsafe code has its few homes, files stay readable.
@Suite struct LayeringTests {
  /// What each target of Package.swift says that it depends on: targets of ours, and products of other packages.
  private static let allowed: [String: Set<String>] = {
    let text = (try? String(contentsOf: Repository.root.appendingPathComponent("Package.swift"), encoding: .utf8)) ?? ""
    var allowed: [String: Set<String>] = [:]
    for kind in [".target(", ".executableTarget(", ".systemLibrary("] {
      for piece in text.components(separatedBy: kind).dropFirst() {
        let declaration = balanced(piece, until: ")")
        guard let name = quoted(declaration).first else { continue }
        let list = declaration.components(separatedBy: "dependencies:").dropFirst().first.map {
          balanced($0.drop { $0 != "[" }.dropFirst(), until: "]")
        }
        // Of a product, the name of its package is none of a module.
        allowed[name] = Set(quoted((list ?? "").replacing(#/package: "[^"]*"/#, with: "")))
      }
    }
    return allowed
  }()

  /// `text` up to the bracket that closes what was opened before it.
  private static func balanced(_ text: some StringProtocol, until end: Character) -> String {
    var depth = 0
    return String(
      text.prefix { character in
        if "([".contains(character) { depth += 1 }
        if depth == 0, character == end { return false }
        if ")]".contains(character) { depth -= 1 }
        return true
      })
  }

  private static func quoted(_ text: String) -> [String] { text.matches(of: #/"([^"]*)"/#).map { String($0.1) } }

  /// Where unsafe code may be: the floor, Bytes, and one file over each C library.
  private static let unsafeFolders = ["Bytes/", "Linux/"]
  private static let unsafeHomes: Set<String> = [
    "Decoding/Formats/TraceEventLibrary.swift", "Capture/TraceFSLibrary.swift", "Layouts/ELF/ELFFile.swift"
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
    try #require(Self.allowed["Bytes"]?.isSuperset(of: ["CZstd", "Linux"]) == true && Self.allowed["CLinux"] == [], "Package.swift is read wrongly")
    let known = Self.allowed.values.reduce(Set(Self.allowed.keys)) { $0.union($1) }
    for (name, lines) in Self.sources {
      let target = String(name.split(separator: "/")[0])
      let allowed = try #require(Self.allowed[target], "\(name) lies in no known target")
      for line in lines {
        let words = line.split(separator: " ")
        guard let index = words.firstIndex(of: "import"), index <= 1, words.count > index + 1 else { continue }
        let module = String(words[index + 1])
        #expect(!known.contains(module) || allowed.contains(module), "\(name) imports \(module), which Package.swift does not say")
      }
    }
  }

  @Test func unsafeCodeHasItsHomes() {
    for (name, lines) in Self.sources where !Self.unsafeFolders.contains(where: name.hasPrefix) && !Self.unsafeHomes.contains(name) {
      let found = lines.first { line in
        !line.trimmingPrefix(while: \.isWhitespace).hasPrefix("//") && line.split(whereSeparator: { !$0.isLetter }).contains("unsafe")
      }
      #expect(found == nil, "\(name): \(found ?? "")")
    }
  }

  @Test func filesStayReadable() {
    for (name, lines) in Self.sources {
      #expect(lines.count <= 300, "\(name) has \(lines.count) lines: split it by aspect")
      let long = lines.first { $0.count > 160 }
      #expect(long == nil, "\(name): a line of \(long?.count ?? 0) characters")
    }
  }
}
