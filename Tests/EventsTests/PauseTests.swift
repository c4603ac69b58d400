import Decoding
import Foundation
import Support
import Testing

@testable import Events

/// A recording in windows. What CPUs wrote before and after it paused in earnest belongs to no window.
@Suite struct PauseTests {
  /// A softirq_raise of `vector`, or a line.
  private enum Entry {
    case raise(UInt32)
    case line(String)
  }

  /// Two windows with events of vector 1, behind each of them `count` events of a pause with vector 9; the second pause has no end.
  private static func entries(_ count: Int) -> [Entry] {
    let window = [Entry.line("wakepath: a window begins")] + Array(repeating: .raise(1), count: 700) + [.line("wakepath: a window ends")]
    let pause = Array(repeating: Entry.raise(9), count: count)
    return [.line("nobody's"), .line("wakepath: of the tasks those called a b are recorded")] + window + pause + window + pause
  }

  private static func binary(_ entries: [Entry]) -> Data {
    var b = TraceDatBuilder()
    b.formats = [("irq", [TraceDatBuilder.softirqRaiseFormat])]
    b.ftraceFormats = [
      TraceDatBuilder.softirqRaiseFormat.replacing("softirq_raise", with: "print").replacing("ID: 9", with: "ID: 5")
        .replacing(
          "unsigned int vec;\toffset:8;\tsize:4;\tsigned:0;",
          with: "unsigned long ip;\toffset:8;\tsize:8;\tsigned:0;\n\tfield:char buf[];\toffset:16;\tsize:0;\tsigned:0;"
        )
        .replacing("\"vec=%u\", REC->vec", with: "\"%ps: %s\", (void *)REC->ip, REC->buf")
    ]
    func head(_ id: UInt16) -> Data { b.bytes(id) + Data([0, 0]) + b.bytes(Int32(7)) }
    b.cpus = [0, 1].map { cpu in
      TraceDatBuilder.pages(
        entries.enumerated().compactMap { index, entry -> (time: UInt64, payload: Data)? in
          switch entry {
          case .raise(let vector): index % 2 == cpu ? (UInt64(1000 + index), head(9) + b.bytes(vector)) : nil
          // The recorder's own thread has one CPU.
          case .line(let text): cpu == 0 ? (UInt64(1000 + index), head(5) + b.long(0) + Data("\(text)\n\0".utf8)) : nil
          }
        }, b)
    }
    return b.build()
  }

  private static func text(_ entries: [Entry], byTraceCmd: Bool) -> Data {
    let lines = entries.enumerated().map { index, entry in
      let head = "x-7 [000] \(byTraceCmd ? "" : "d.h1. ")1.\(String(100_000 + index)): "
      return switch entry {
      case .raise(let vector): "\(head)softirq_raise: vec=\(vector) [action=X]"
      case .line(let text): "\(head)\(byTraceCmd ? "print: " : "")tracing_mark_write: \(text)"
      }
    }
    return Data((["cpus=1"].filter { _ in byTraceCmd } + lines).map { "\($0)\n" }.joined().utf8)
  }

  @Test(arguments: ["trace.dat", "trace-cmd", "ftrace"], [0, 1, 3, 1500])
  func whatIsWrittenInAPauseIsLeftOut(kind: String, count: Int) throws {
    let entries = Self.entries(count)
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("wakepath-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: file) }
    try (kind == "trace.dat" ? Self.binary(entries) : Self.text(entries, byTraceCmd: kind == "trace-cmd")).write(to: file)
    let window = ["windowBegins"] + Array(repeating: "1", count: 700) + ["windowEnds"]
    func name(_ event: Event, _ stream: borrowing EventStream) -> String {
      switch event.kind {
      case .softirqRaise: "\(event.softirqRaise.vector)"
      case .taskChosen: stream.names[event.name]
      default: "\(event.kind)"
      }
    }
    var one = EventStream(try Recording(paths: [file.path]))
    var events: [(name: String, order: UInt32)] = []
    while let event = one.next() { events.append((name(event, one), event.order)) }
    // Said in few words where it fails.
    #expect(events.count == 1 + 2 * window.count && !events.contains { $0.name == "9" })
    let isAsExpected = events.map(\.name) == ["a b"] + window + window && events.map(\.order) == (1...UInt32(events.count)).map(\.self)
    #expect(isAsExpected)
    var many = EventStream(try Recording(paths: [file.path]))
    var batch = EventBatch()
    var others: [(name: String, order: UInt32)] = []
    while many.next(&batch) { for index in 0..<batch.count { others.append((name(batch[index], many), batch[index].order)) } }
    let isTheSame = others.elementsEqual(events) { $0 == $1 }
    #expect(isTheSame)
    for stream in [one, many] {
      #expect(stream.windows.map(\.count) == (kind == "trace.dat" ? [701, 701] : [701_000, 701_000]))
      #expect(stream.recordCount >= 2 * (700 + count))
    }
  }
}
