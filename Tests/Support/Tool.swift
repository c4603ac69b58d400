public import Foundation

/// What a program printed and how it ended.
public struct ToolResult {
  public var status: Int32
  public var output: Data
  public var errors: String
  /// The largest resident set in KiB, where it was measured.
  public var peakKiB: Int?

  /// The lines of standard output.
  public var lines: [Substring] { String(decoding: output, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false) }
}

/// Runs other programs.
public enum Tool {
  /// Whether `name` is installed.
  public static func isInstalled(_ name: String) -> Bool { find(name) != nil }

  private static func find(_ name: String) -> String? {
    if name.contains("/") { return name }
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin:/usr/sbin:/sbin"
    return path.split(separator: ":").map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  /// Runs `name` with `arguments`; output goes through files, so that none is too long.
  /// It starts in `directory`, or where the tests run, with `environment` on top of ours.
  public static func run(
    _ name: String, _ arguments: [String], input: Data? = nil, in directory: URL? = nil, environment: [String: String] = [:]
  ) throws -> ToolResult {
    let folder = try Repository.temporaryDirectory()
    defer { try? FileManager.default.removeItem(at: folder) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: find(name) ?? "/usr/bin/env")
    process.arguments = find(name) == nil ? [name] + arguments : arguments
    if let directory { process.currentDirectoryURL = directory }
    if !environment.isEmpty { process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 } }
    func file(_ name: String, _ contents: Data = Data()) throws -> URL {
      let url = folder.appendingPathComponent(name)
      try contents.write(to: url)
      return url
    }
    let output = try file("out")
    let errors = try file("err")
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errors)
    process.standardInput = try FileHandle(forReadingFrom: try file("in", input ?? Data()))
    try process.run()
    process.waitUntilExit()
    return ToolResult(
      status: process.terminationStatus, output: try Data(contentsOf: output),
      errors: String(decoding: try Data(contentsOf: errors), as: UTF8.self))
  }

  /// Runs the command under test.
  public static func wakepath(_ arguments: String..., input: Data? = nil) throws -> ToolResult {
    try run(Repository.wakepath, arguments, input: input)
  }
}
