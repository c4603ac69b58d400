import Foundation
import Support
import Testing

/// What `make fuzz` found, each once.
@Suite("Input that crashed once")
struct CrashTests {
  static let files: [URL] = {
    let folder = Repository.root.appendingPathComponent("Tests/DecodingTests/Crashes")
    return ((try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? [])
  }()

  @Test("is followed to its end, and checked", arguments: files)
  func replay(file: URL) throws {
    let result = try Tool.run(Repository.wakepath, ["verify", file.path])
    #expect([0, 1, 2, 3].contains(result.status), "\(result.errors)")
    #expect(!result.errors.isEmpty)
  }
}
