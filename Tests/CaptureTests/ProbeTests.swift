import Foundation
import SystemPackage
import Linux
import Testing

@testable import Capture

extension KernelTests {
  /// Probes of recordings: made where the kernel allows it, and gone afterwards.
  @Suite(.enabled(if: Machine.canRecord, "\(Machine.obstacle ?? "")"))
  struct ProbeTests {
    private static func ours(_ tracing: TraceDirectory) -> [Substring] {
      let text = (try? Files.contents(of: "\(tracing.path)/dynamic_events")) ?? []
      return String(decoding: text, as: UTF8.self).split(separator: "\n").filter { $0.contains(":\(DynamicEvents.prefix)") }
    }

    @Test func recordingLeavesNoProbe() throws {
      let tracing = try TraceDirectory.forRecording()
      defer { tracing.close() }
      let directory = try TemporaryDirectory()
      var options = RecordingOptions()
      options.output = "\(directory.path)/test.dat"
      options.duration = .milliseconds(100)
      options.recordsDMA = true
      let before = Self.ours(tracing)
      let summary = try Recorder.record(options)
      #expect(Self.ours(tracing) == before)
      #expect(summary.events > 0)
      // What the kernel does not allow is among what it does not have.
      var probes = Probes(options, tracing)
      #expect(Self.ours(tracing).count == before.count + probes.events.count)
      #expect(probes.remove() == nil)
      #expect(summary.skipped.count { $0.recordedSystem == Probes.system } == probes.refused.count)
      #expect(Self.ours(tracing) == before)
    }

    /// A probe on a program stands for those on the kernel's events, which not every kernel allows.
    @Test
    func probesOfAKilledRecorderAreRemoved() throws {
      let tracing = try TraceDirectory.forRecording()
      defer { tracing.close() }
      // Above the greatest number a process can have.
      let group = "\(DynamicEvents.prefix)4194999"
      let path = "\(tracing.path)/dynamic_events"
      // Nothing to remove where nothing can be made.
      guard Files.exists(path) else { return #expect(DynamicEvents.removeLeftovers(in: tracing) == []) }
      let file = try FileDescriptor.open(FilePath(path), .writeOnly, options: [.append])
      defer { try? file.close() }
      guard (try? file.writeAll(Array("p:\(group)/probe /bin/sh:0x1000\n".utf8))) != nil else { return }
      #expect(Self.ours(tracing).contains { $0.contains(group) })
      #expect(DynamicEvents.removeLeftovers(in: tracing) == ["removed the probes \(group), left by a recording that was killed"])
      #expect(!Self.ours(tracing).contains { $0.contains(group) })
      #expect(DynamicEvents.removeLeftovers(in: tracing) == [])
    }
  }
}
