import Foundation
import Support
import Testing

@testable import Decoding

/// Files that are cut short or hit by chance are read as far as they go; nothing crashes.
@Suite struct DamageTests {
  private static func small() -> TraceDatBuilder {
    var b = TraceDatBuilder()
    b.formats = [("irq", [TraceDatBuilder.softirqRaiseFormat])]
    b.options = [(4, Data("[mono]\0".utf8))]
    b.cpus = (0..<2).map { cpu in
      (0..<3).map { page in
        b.page(time: UInt64(1000 + page * 100 + cpu), (0..<20).map { _ in b.softirqRaise(delta: 3, vector: 3) })
      }
    }
    return b
  }

  /// How many records can be read of `data`, or nil if it is refused.
  private func count(_ data: Data, in folder: URL) throws -> Int? {
    let path = folder.appendingPathComponent("trace.dat")
    try data.write(to: path)
    guard var recording = try? Recording(paths: [path.path]) else { return nil }
    var count = 0
    while let record = recording.next() {
      if record.kind == .event { count += 1 }
      // A file of a few pages cannot hold more entries than bytes.
      guard count < 100_000 else { break }
    }
    #expect(count < 100_000)
    return count
  }

  @Test func everyPrefixIsReadAsFarAsItGoes() throws {
    let folder = try Repository.temporaryDirectory()
    defer { try? FileManager.default.removeItem(at: folder) }
    let whole = Self.small().build()
    var last = 0
    for length in stride(from: 0, through: whole.count, by: 37) {
      let found = try count(whole.prefix(length), in: folder) ?? 0
      #expect(found >= last, "cut at byte \(length)")
      last = found
    }
    #expect(try count(whole, in: folder) == 120)
  }

  @Test(arguments: 0..<4)
  func flippedBitsDoNotCrash(seed: UInt64) throws {
    let folder = try Repository.temporaryDirectory()
    defer { try? FileManager.default.removeItem(at: folder) }
    let whole = Self.small().build()
    var state = seed &* 7919 &+ 17
    func random(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    for _ in 0..<250 {
      var damaged = whole
      for _ in 0...random(4) { damaged[random(damaged.count)] ^= UInt8(1 << random(8)) }
      _ = try count(damaged, in: folder)
    }
  }

  @Test(arguments: Repository.traces)
  func realRecordingsSurviveDamage(trace: URL) throws {
    let folder = try Repository.temporaryDirectory()
    defer { try? FileManager.default.removeItem(at: folder) }
    let whole = try Data(contentsOf: trace.appendingPathComponent("trace.dat"))
    for part in 1..<8 { _ = try count(whole.prefix(whole.count * part / 8), in: folder) }
  }
}
