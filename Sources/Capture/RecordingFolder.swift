internal import Synchronization
internal import SystemPackage

/// Where a recording lies until its trace.dat is written: a directory beside the output with the pages of each CPU (`cpu0` …), in `head.dat` what they
/// mean, and in `until` the time up to which those of all CPUs are complete. It goes with the last use of it, unless the recorder is killed:
/// `wakepath report` reads what is there then.
final class RecordingFolder: Sendable {
  let path: String
  private let isKept = Mutex(false)
  private let until: FileDescriptor?

  private static let suffix = ".pages"
  /// A trace.dat without pages; Decoding's `TraceFolder` looks for it.
  private static let head = "head.dat"
  private static let until = "until"

  /// Makes the directory beside `output`, with `metadata`.
  init(_ output: OutputFile, _ metadata: TraceMetadata) throws(CaptureError) {
    path = try Self.make(output)
    // The kernel's other clocks cannot be read here.
    let isMonotonic = String(decoding: metadata.clock, as: UTF8.self).contains("[mono]") && SystemCalls.seesKernelTime
    until =
      isMonotonic
      ? try? FileDescriptor.open(
        FilePath("\(path)/\(Self.until)"), .writeOnly, options: [.create, .closeOnExec], permissions: .ownerReadWrite) : nil
    _ = try TraceDatWriter(metadata: metadata, runs: []).write(to: OutputFile("\(path)/\(Self.head)"))
  }

  /// A recorder of our number may have been killed, in a container the one before.
  private static func make(_ output: OutputFile) throws(CaptureError) -> String {
    let stem = "\(output.path).\(SystemCalls.processID)"
    var attempt = 1
    while true {
      let path = "\(stem)\(attempt == 1 ? "" : "-\(attempt)")\(suffix)"
      do throws(Errno) {
        try SystemCalls.makeDirectory(path)
        return path
      } catch {
        guard error == .fileExists, attempt < 1000 else {
          throw CaptureError("\(path), where the recording lies until it is complete, cannot be made", error)
        }
        attempt += 1
      }
    }
  }

  deinit {
    if let until { SystemCalls.close(until) }
    guard !isKept.withLock({ $0 }) else { return }
    for name in (try? SystemCalls.names(in: path)) ?? [] { SystemCalls.remove("\(path)/\(name)") }
    try? SystemCalls.removeDirectory(path)
  }

  /// A file for the pages of `cpu`.
  func makeSpool(cpu: Int) throws(CaptureError) -> Spool { try Spool(cpu: cpu, path: "\(path)/cpu\(cpu)") }

  /// Notes up to where all of `spools` are complete; a disk that is full need not know.
  func note(_ spools: [Spool]) {
    guard let until, let time = spools.map(\.completeUntil).min(), time > 0 else { return }
    let digits = String(time)
    try? SystemCalls.put(Array((String(repeating: "0", count: max(20 - digits.count, 0)) + digits + "\n").utf8), into: until, at: 0)
  }

  /// Leaves it where it is; answers a sentence that says so. If the pages of all CPUs are `complete`, none are left out when it is read.
  func keep(complete: Bool) -> String {
    isKept.withLock { $0 = true }
    if complete { SystemCalls.remove("\(path)/\(Self.until)") }
    return "what was recorded is in \(path)"
  }

  /// A sentence for each with something in it that a killed recorder has left beside `output`; to be asked before there is one of this process.
  static func leftovers(beside output: OutputFile) -> [String] {
    ((try? SystemCalls.names(in: output.directory)) ?? []).sorted().compactMap { name in
      let directory = "\(output.directory)/\(name)"
      guard name.hasSuffix(suffix), let number = name.dropLast(suffix.count).split(separator: ".").last,
        let pid = Int32(number.prefix { $0 != "-" }), pid == SystemCalls.processID || !RecordingInstance.isRecorder(pid),
        SystemCalls.kind(of: "\(directory)/\(head)").exists, hasPages(directory)
      else { return nil }
      return "a recording that was killed has left \(output.directory == "." ? "" : "\(output.directory)/")\(name): `wakepath report` reads it"
    }
  }

  /// A flight recorder leaves everything in the kernel until its end.
  private static func hasPages(_ directory: String) -> Bool {
    ((try? SystemCalls.names(in: directory)) ?? []).contains { $0.hasPrefix("cpu") && SystemCalls.kind(of: "\(directory)/\($0)").size > 0 }
  }
}
