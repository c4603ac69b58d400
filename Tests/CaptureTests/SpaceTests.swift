import Foundation
import Linux
import Support
import Testing

@testable import Capture

extension KernelTests {
  /// A recording that comes to the end of its room ends well, and lets the command run on.
  @Suite(.enabled(if: Machine.canRecord && geteuid() == 0, "\(Machine.obstacle ?? "not root")"))
  struct SpaceTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test func theFileIsNotLargerThanAskedFor() throws {
      let command = Programs.datagrams(40_000, done: "done")
      let recorder = try RunningRecorder("exec WAKEPATH record -o test.dat --max-size 5M -- \(command)", in: directory.path)
      #expect(recorder.end() == 0, "\(recorder.errors)")
      #expect(recorder.errors.contains("the recording ended because test.dat has the size that --max-size allows"), "\(recorder.errors)")
      let size = try #require(FileStatus(of: "\(directory.path)/test.dat")?.size)
      #expect(size > 2 << 20 && size <= 5 << 20)
      #expect(try Files.names(in: directory.path) == ["done", "test.dat"])
      #expect(try Tool.wakepath("report", "\(directory.path)/test.dat").status == 0)
    }

    /// With less than half of it free, the pages are moved and not copied; a twentieth stays free.
    @Test func theLastOfTheDiskIsKeptFree() throws {
      let mounted = try Tool.run("mount", ["-t", "tmpfs", "-o", "size=24m", "none", directory.path])
      try #require(mounted.status == 0, "\(mounted.errors)")
      defer { try? Mount.remove(directory.path) }
      let command = Programs.datagrams(120_000, done: "done")
      let recorder = try RunningRecorder("exec WAKEPATH record -o test.dat --buffer 1M -- \(command)", in: directory.path)
      usleep(500_000)
      #expect(recorder.end() == 0, "\(recorder.errors)")
      #expect(recorder.errors.contains("the recording ended because the disk of test.dat is nearly full"), "\(recorder.errors)")
      #expect(recorder.errors.contains("the command runs on"))
      #expect(try Files.names(in: directory.path) == ["done", "test.dat"])
      let space = try #require(try OpenDirectory(directory.path).space)
      #expect(space.free >= space.whole / 20)
      let size = try #require(FileStatus(of: "\(directory.path)/test.dat")?.size)
      #expect(size > 12 << 20, "more than half of the disk, which cannot have it twice")
      let report = try Tool.wakepath("report", "\(directory.path)/test.dat")
      #expect(report.status == 0, "\(report.errors)")
    }

    @Test func aSizeThatHoldsNothingIsRefused() throws {
      let recorder = try RunningRecorder("exec WAKEPATH record -o test.dat --max-size 100K -- touch done", in: directory.path)
      #expect(recorder.end() == 3)
      #expect(recorder.errors.contains("--max-size is too small for this machine"))
      #expect(try Files.names(in: directory.path) == [] && recorder.instances == [])
    }
  }
}
