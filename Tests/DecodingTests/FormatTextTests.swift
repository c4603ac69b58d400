import Bytes
import Foundation
import Support
import Testing

@testable import Decoding

@Suite("A print format")
struct FormatTextTests {
  private static let head = "name: x\nID: 9\nformat:\n\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n\tfield:unsigned char v[16];\toffset:8;\tsize:16;\tsigned:0;\n"
    + "\tfield:__data_loc char[] name;\toffset:24;\tsize:4;\tsigned:0;\n\nprint fmt: "

  @Test("of a real kernel is handed on as it is", arguments: ["6.12-virtio-udp-v6", "6.1-virtio-udp-v6"])
  func real(name: String) throws {
    let formats = try KernelRecording(name).formats
    #expect(formats.count > 20)
    for (system, text) in formats {
      #expect(FormatText.trusted(Array(text.utf8)).isWhole, "\(system):\(KernelRecording.name(text))")
    }
  }

  @Test("that cannot be trusted is left out", arguments: [
    "\"%d\", REC->nothing", "\"%s\", __print_symbolic(REC->w, { 0, \"A\" })", "\"%d\", (REC->v", "\"%d\", REC->v)", "\"%d, REC->v",
    "\"%d\", \(String(repeating: "(", count: 100))REC->v\(String(repeating: ")", count: 100))", "\"%d\", REC->v\u{7f}", "\"%d\", {(REC->v})",
  ])
  func untrusted(format: String) {
    let (text, isWhole) = FormatText.trusted(Array((Self.head + format + "\n").utf8))
    #expect(!isWhole && text == Array(Self.head.dropLast("print fmt: ".count).utf8))
  }

  @Test("that is sound is handed on", arguments: [
    "\"%s) \\\" REC->no\", __get_str(name)", "\"%x %d\", REC->v[2], REC->common_pid", "\"a\"", "\"%s\", ({ \"x\" })",
  ])
  func sound(format: String) {
    #expect(FormatText.trusted(Array((Self.head + format + "\n").utf8)).isWhole)
  }
}

/// What `make fuzz` found, each once.
@Suite("Input that crashed a reader once")
struct CrashTests {
  static let files: [URL] = {
    let folder = Repository.root.appendingPathComponent("Tests/DecodingTests/Crashes")
    return ((try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? [])
  }()

  @Test("is read to its end", arguments: files)
  func replay(file: URL) throws {
    guard var recording = try? Recording(paths: [file.path]) else { return }
    for catalog in recording.formats { for id in catalog.ids { _ = catalog.format(id: id) } }
    var line: [UInt8] = []
    while let record = recording.next() { Self.describe(record, recording, &line) }
  }

  private static func describe(_ record: Record, _ recording: borrowing Recording, _ line: inout [UInt8]) {
    line.removeAll(keepingCapacity: true)
    recording.catalog(ofStream: record.stream)?.describe(recording.bytes(of: record), time: record.time, cpu: record.cpu, into: &line)
  }
}
