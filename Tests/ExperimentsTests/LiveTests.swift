import Foundation
import Support
import Testing

/// Experiments on the kernel that runs the tests, as a user makes them; only over loopback and in namespaces of their own.
@Suite(.serialized) struct LiveTests {
  /// Why the kernel cannot be recorded here, or nil.
  private static let obstacle: String? =
    geteuid() != 0
    ? "not root"
    : !FileManager.default.isWritableFile(atPath: "/sys/kernel/tracing/instances") ? "tracefs is not mounted, or tracing is not allowed" : nil

  private struct Document: Decodable {
    struct Claim: Decodable {
      var id: String, expected: String, verdict: String, detail: String
      var `for`: Int, against: Int
    }
    var kernel: String
    var claims: [Claim]
  }

  /// What would be left of a process with this number.
  private func leftBehind(by pid: Int32) throws -> [String] {
    let files = FileManager.default
    return try files.contentsOfDirectory(atPath: "/tmp").filter { $0.hasPrefix("wakepath-verify-\(pid)-") }
      + ((try? files.contentsOfDirectory(atPath: "/sys/kernel/tracing/instances")) ?? []).filter { $0.hasPrefix("wakepath-\(pid)") }
      + ((try? files.contentsOfDirectory(atPath: "/sys/class/net")) ?? []).filter { $0.hasPrefix("wpa-") || $0.hasPrefix("wpb-") }
      + ((try? files.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? [])
  }

  /// Starts the command, lets `meanwhile` see its process, and waits for it.
  private func run(_ arguments: [String], meanwhile: (Process) throws -> Void = { _ in }) throws -> (
    status: Int32, output: Data, errors: String, pid: Int32
  ) {
    let folder = try Repository.temporaryDirectory()
    defer { try? FileManager.default.removeItem(at: folder) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: arguments[0])
    process.arguments = Array(arguments.dropFirst())
    let (output, errors) = (folder.appendingPathComponent("out"), folder.appendingPathComponent("err"))
    for file in [output, errors] { try Data().write(to: file) }
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
    try meanwhile(process)
    process.waitUntilExit()
    return (
      process.terminationStatus, try Data(contentsOf: output), String(decoding: try Data(contentsOf: errors), as: UTF8.self),
      process.processIdentifier
    )
  }

  @Test(.enabled(if: obstacle == nil, "\(obstacle ?? "")"))
  func everyExperimentReachesTheExpectedVerdict() throws {
    let result = try run([Repository.wakepath, "verify", "--live", "--json"])
    #expect(result.status == 0, "\(result.errors)")
    let document = try JSONDecoder().decode(Document.self, from: result.output)
    for id in ["S6b", "S8", "S9", "S10", "S11", "S12"] {
      let claim = try #require(document.claims.first { $0.id == id })
      #expect(claim.verdict == claim.expected, "\(id): \(claim.detail)")
      #expect(!claim.detail.contains("saw it otherwise"), "\(claim.detail)")
    }
    let handshake = try #require(document.claims.first { $0.id == "S8" }).detail
    for part in ["SYN woke nobody", "SYN-ACK woke connect() ", "final ACK woke accept() ", "FIN woke read() ", "RST woke read() "] {
      #expect(handshake.contains(part))
    }
    #expect(try leftBehind(by: result.pid) == [])
  }

  @Test(.enabled(if: obstacle == nil, "\(obstacle ?? "")"), arguments: [SIGINT, SIGTERM, SIGHUP])
  func aSignalLeavesNothingBehind(signal: Int32) throws {
    let result = try run([Repository.wakepath, "verify", "--live"]) { process in
      // The instance tells that it is under way.
      let deadline = Date.now + 20
      while Date.now < deadline, try leftBehind(by: process.processIdentifier).allSatisfy({ !$0.hasPrefix("wakepath-\(process.processIdentifier)") })
      {
        usleep(20_000)
      }
      usleep(50_000)
      kill(process.processIdentifier, signal)
    }
    #expect(result.status == 3)
    #expect(result.errors.hasSuffix("wakepath: interrupted: everything is as it was, and nothing is judged\n"))
    #expect(try leftBehind(by: result.pid) == [])
  }

  /// A process that is killed outright cannot clean up; its supervisor does.
  @Test(.enabled(if: obstacle == nil, "\(obstacle ?? "")"))
  func beingKilledLeavesNothing() throws {
    var child = ""
    let result = try run([Repository.wakepath, "verify", "--live"]) { process in
      let deadline = Date.now + 20
      while Date.now < deadline, child.isEmpty {
        // The supervisor is the first, the experiments are the second.
        let all = try children(of: process.processIdentifier)
        child = all.count > 1 ? all[1] : ""
        usleep(20_000)
      }
      kill(process.processIdentifier, SIGKILL)
    }
    #expect(!child.isEmpty)
    let deadline = Date.now + 10
    while Date.now < deadline, try FileManager.default.fileExists(atPath: "/proc/\(child)") || !leftBehind(by: result.pid).isEmpty { usleep(20_000) }
    #expect(!FileManager.default.fileExists(atPath: "/proc/\(child)"))
    #expect(try leftBehind(by: result.pid) == [])
  }

  private func children(of pid: Int32) throws -> [String] {
    let text = (try? String(contentsOfFile: "/proc/\(pid)/task/\(pid)/children", encoding: .utf8)) ?? ""
    return text.split(separator: " ").map(String.init)
  }

  @Test(.enabled(if: geteuid() == 0 && Tool.isInstalled("setpriv"), "not root, or setpriv is not installed"))
  func whatAUserMayNotTryIsUnobservedWithAReason() throws {
    let result = try run(["/usr/bin/env", "setpriv", "--reuid=65534", "--clear-groups", Repository.wakepath, "verify", "--live", "--json"])
    let document = try JSONDecoder().decode(Document.self, from: result.output)
    for id in ["S8", "S9"] {
      let claim = try #require(document.claims.first { $0.id == id })
      #expect(claim.verdict == "unobserved")
      #expect(claim.detail == "the kernel allows no network namespace (Operation not permitted)")
    }
    for id in ["S10", "S11", "S12"] {
      let claim = try #require(document.claims.first { $0.id == id })
      #expect(claim.verdict == claim.expected, "\(claim.detail)")
    }
    let flood = try #require(document.claims.first { $0.id == "S6b" })
    #expect(flood.detail.contains("by /proc/stat alone"))
    #expect(try leftBehind(by: result.pid) == [])
  }
}
