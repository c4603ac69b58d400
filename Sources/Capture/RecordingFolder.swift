internal import Linux
internal import Synchronization
internal import SystemPackage

/// Where a recording lies until its trace.dat is written: a directory beside the output, closed to others, with the pages of each CPU (`cpu0` …), in
/// `head.dat` what they mean, and in `until` the time up to which those of all CPUs are complete. It goes with the last use of it, unless the recorder
/// is killed: `wakepath report` reads what is there then.
final class RecordingFolder: Sendable {
  /// As the user would name it. Only to be shown: who owns the directory it is in may put something else there.
  let path: String
  /// Through this everything in it is made and removed.
  let directory: OpenDirectory
  private let name: String
  private let output: OutputFile
  private let isKept = Mutex(false)
  private let until: SharedDescriptor?

  private static let suffix = ".pages"
  /// A trace.dat without pages; Decoding's `TraceFolder` looks for it.
  private static let head = "head.dat"
  private static let until = "until"

  /// The file that is to become the recording, as far as it is written.
  static let whole = "whole"

  /// Makes an empty directory beside `output`.
  init(_ output: OutputFile) throws(CaptureError) {
    self.output = output
    (name, directory) = try Self.make(output)
    path = Self.path(name, output)
    until = nil
  }

  /// Makes the directory beside `output`, with `metadata`.
  init(_ output: OutputFile, _ metadata: TraceMetadata) throws(CaptureError) {
    self.output = output
    (name, directory) = try Self.make(output)
    path = Self.path(name, output)
    // The kernel's other clocks cannot be read here.
    let isMonotonic = String(decoding: metadata.clock, as: UTF8.self).contains("[mono]") && KernelClock.isUnmoved
    let file = isMonotonic ? try? directory.create(Self.until) : nil
    until = file.map { SharedDescriptor($0) }
    do throws(Errno) {
      let writer = TraceDatWriter(metadata: metadata, runs: [])
      _ = try directory.fill(Self.head, by: "\(Self.head).part") { file throws(Errno) in try writer.write(to: file) }
    } catch {
      throw CaptureError("\(path)/\(Self.head) cannot be written", error, .output)
    }
  }

  private static func path(_ name: String, _ output: OutputFile) -> String { output.directory == "." ? name : "\(output.directory)/\(name)" }

  /// A recorder of our number may have been killed, in a container the one before.
  private static func make(_ output: OutputFile) throws(CaptureError) -> (String, OpenDirectory) {
    let stem = "\(output.base).\(ThisProcess.id)"
    var attempt = 1
    while true {
      let name = "\(stem)\(attempt == 1 ? "" : "-\(attempt)")\(suffix)"
      do throws(Errno) {
        return (name, try output.folder.makeDirectory(name))
      } catch {
        guard error == .fileExists, attempt < 1000 else {
          throw CaptureError("\(path(name, output)), where the recording lies until it is complete, cannot be made", error, .output)
        }
        attempt += 1
      }
    }
  }

  deinit {
    guard !isKept.withLock({ $0 }) else { return }
    for name in directory.names { directory.remove(name) }
    output.folder.removeDirectory(name, if: directory)
  }

  /// A file for the pages of `cpu`.
  func makeSpool(cpu: Int) throws(CaptureError) -> Spool {
    do throws(Errno) {
      return Spool(cpu: cpu, try directory.create("cpu\(cpu)"))
    } catch {
      throw CaptureError("\(path)/cpu\(cpu) cannot be made", error, .output)
    }
  }

  /// Writes the recording in here, where nobody else can touch it, and then puts it in the place of the output; answers its size in bytes.
  func finish(_ writer: TraceDatWriter) throws(CaptureError) -> Int {
    do throws(Errno) {
      return try directory.fill(output.base, by: Self.whole, in: output.folder, keepsPart: writer.givesBack) { file throws(Errno) in
        try writer.write(to: file)
      }
    } catch {
      throw CaptureError("\(output.name) cannot be written", error, .output)
    }
  }

  /// Puts the file `name` of this directory in the place of the output.
  func finish(with name: String) throws(CaptureError) {
    do throws(Errno) {
      try directory.rename(name, to: output.base, in: output.folder)
    } catch {
      throw CaptureError("\(output.name) cannot be written", error, .output)
    }
  }

  /// Notes up to where all of `spools` are complete; a disk that is full need not know.
  func note(_ spools: [Spool]) {
    guard let until = until?.file, let time = spools.map(\.completeUntil).min(), time > 0 else { return }
    let digits = String(time)
    try? until.put(Array((String(repeating: "0", count: max(20 - digits.count, 0)) + digits + "\n").utf8), at: 0)
  }

  /// Leaves it where it is; answers a sentence that says so. If the pages of all CPUs are `complete`, none are left out when it is read.
  func keep(complete: Bool) -> String {
    isKept.withLock { $0 = true }
    if complete { directory.remove(Self.until) }
    return "what was recorded is in \(path)"
  }
}

extension RecordingFolder {
  /// A sentence for each with something in it that a killed recorder has left beside `output`; to be asked before there is one of this process.
  static func leftovers(beside output: OutputFile) -> [String] {
    output.folder.names.compactMap { name in
      guard name.hasSuffix(suffix), let number = name.dropLast(suffix.count).split(separator: ".").last,
        let pid = Int32(number.prefix { $0 != "-" }), pid == ThisProcess.id || !RecordingInstance.isRecorder(pid),
        name.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7f }), let left = try? output.folder.directory(name),
        left.status(of: head) != nil, hasPages(left)
      else { return nil }
      return "a recording that was killed has left \(path(name, output)): `wakepath report` reads it"
    }
  }

  /// A flight recorder leaves everything in the kernel until its end.
  private static func hasPages(_ directory: OpenDirectory) -> Bool {
    directory.names.contains { $0.hasPrefix("cpu") && (directory.status(of: $0)?.size ?? 0) > 0 }
  }
}
