import Bytes
import Foundation
import Support
import Testing

@testable import Decoding

/// Formats and entries of a real kernel with bytes turned into others: whatever they say, an event is printed in little time and room.
@Suite("A damaged print format")
struct PrintMutationTests {
  @Test("prints something of bounded size", arguments: ["6.12-virtio-udp-v6", "6.1-virtio-udp-v6"])
  func mutated(name: String) throws {
    let recording = try KernelRecording(name)
    var random = SplitMix(state: 7)
    let entries = recording.cpus.flatMap { pages in pages.prefix(2).flatMap { KernelRecording.entries(of: $0, cpu: 0) } }
    var printed = 0
    for (system, text) in recording.formats {
      let own = entries.first { $0.type == KernelRecording.id(text) }
      let entry = own.map { [UInt8]($0.payload) } ?? [UInt8](repeating: 0xff, count: 64)
      for _ in 0..<60 {
        var format = [UInt8](text.utf8)
        let start = format.view.firstIndex(of: "print fmt:") ?? 0
        for _ in 0..<(1 + random.next() % 4) { Self.mutate(&format, from: start + 10, &random) }
        var damaged = entry
        for _ in 0..<(random.next() % 4) { damaged[Int(random.next() % UInt64(damaged.count))] = UInt8(truncatingIfNeeded: random.next()) }
        damaged.replaceSubrange(0..<2, with: entry.prefix(2))
        let catalog = try #require(FormatCatalog(path: "test", isBigEndian: random.next() % 8 == 0, longSize: 8, pageSize: 4096))
        catalog.add(format: format, system: system)
        var line: [UInt8] = []
        catalog.describe(damaged.view, time: 0, cpu: 0, into: &line)
        #expect(line.count <= PrintProgram.longestLine)
        printed += line.isEmpty ? 0 : 1
      }
    }
    #expect(printed > 300)
  }

  private static let words = [
    "%", "*", "999999", "0x7fffffff", "REC->", "(", ")", "__print_hex(", "{", "}", ",", "\"", "?", ":", "/ 0", "[", "-1", "<< 64", "__get_str(",
    "%pI6c", "%*ph"
  ]

  private static func mutate(_ format: inout [UInt8], from start: Int, _ random: inout SplitMix) {
    guard start < format.count else { return }
    let place = start + Int(random.next() % UInt64(format.count - start))
    switch random.next() % 4 {
    case 0: format[place] = UInt8(truncatingIfNeeded: random.next())
    case 1: format.remove(at: place)
    case 2: format.insert(contentsOf: words[Int(random.next() % UInt64(words.count))].utf8, at: place)
    default: format.insert(contentsOf: format[place..<min(place + Int(random.next() % 40), format.count)], at: place)
    }
  }
}
