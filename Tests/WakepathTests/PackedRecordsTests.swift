import Foundation
import Support
import Testing

/// perf from 6.15 on packs records into COMPRESSED2, which says how long its data are and is padded, in the place of COMPRESSED.
@Suite struct PackedRecordsTests {
  @Test(arguments: MatrixRun.all)
  func compressed2IsReadAsCompressedIs(run: MatrixRun) throws {
    let folder = try Repository.temporaryDirectory()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("perf.data").path
    let (changed, count) = Self.withCompressed2([UInt8](try run.contents("perf.data")))
    try Data(changed).write(to: URL(fileURLWithPath: path))
    #expect(count > 0)
    let ours = try Tool.wakepath("events", path)
    #expect(ours.status == 0, "\(ours.errors)")
    #expect(try ours.output == Tool.wakepath("events", run.path("perf.data")).output)
  }

  private static func integer(_ file: [UInt8], _ offset: Int, _ size: Int) -> Int {
    file[offset..<offset + size].reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  private static func bytes(_ value: Int, _ size: Int) -> [UInt8] { (0..<size).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) } }

  /// `file` with its COMPRESSED records (81) as COMPRESSED2 (83), and how many; the features behind the records move on.
  private static func withCompressed2(_ file: [UInt8]) -> (file: [UInt8], count: Int) {
    let start = integer(file, 40, 8)
    let end = start + integer(file, 48, 8)
    var records: [UInt8] = []
    var count = 0
    var at = start
    while at < end {
      let size = integer(file, at + 6, 2)
      // A record's size has 16 bits.
      if integer(file, at, 4) == 81, size < 65_500 {
        let data = file[at + 8..<at + size]
        let padding = (8 - data.count % 8) % 8
        records +=
          bytes(83, 4) + bytes(0, 2) + bytes(16 + data.count + padding, 2) + bytes(data.count, 8) + data + [UInt8](repeating: 0, count: padding)
        count += 1
      } else {
        records += file[at..<at + size]
      }
      at += size
    }
    let moved = records.count - (end - start)
    var features = Array(file[end...])
    let number = (0..<4).reduce(0) { $0 + integer(file, 72 + $1 * 8, 8).nonzeroBitCount }
    for index in 0..<number { features.replaceSubrange(index * 16..<index * 16 + 8, with: bytes(integer(features, index * 16, 8) + moved, 8)) }
    var head = Array(file[..<start])
    head.replaceSubrange(48..<56, with: bytes(records.count, 8))
    return (head + records + features, count)
  }
}
