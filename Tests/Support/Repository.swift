public import Foundation

/// Where things are in the repository that is tested.
public enum Repository {
  /// The top of the working tree.
  public static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The recordings of real kernels, by directory.
  public static let traces: [URL] = {
    let folder = root.appendingPathComponent("Traces")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.sorted().map { folder.appendingPathComponent($0) }
      .filter { FileManager.default.fileExists(atPath: $0.appendingPathComponent("trace.dat").path) }
  }()

  /// Whether kernel probes recorded which packet carried what, beside the recording in `trace`.
  public static func hasTruth(_ trace: URL) -> Bool { FileManager.default.fileExists(atPath: trace.appendingPathComponent("truth.txt").path) }

  /// The command that was built beside the tests.
  public static let wakepath: String = {
    // The test runner lies in the build directory, as the command does.
    var folder = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
    while folder.path != "/", !FileManager.default.isExecutableFile(atPath: folder.appendingPathComponent("wakepath").path) {
      folder = folder.deletingLastPathComponent()
    }
    return folder.appendingPathComponent("wakepath").path
  }()

  /// A new empty directory that the caller removes.
  public static func temporaryDirectory() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("wakepath-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
  }
}
