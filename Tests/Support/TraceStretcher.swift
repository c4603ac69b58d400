public import Foundation

/// Makes a trace.dat of any length from a real one of version 6: its pages over and over, each time later.
public enum TraceStretcher {
  /// The recording in `data` `times` times, one behind the other; nil if it is not of version 6.
  public static func stretch(_ data: Data, times: Int) -> Data? {
    guard let mark = data.range(of: Data("flyrecord\0".utf8))?.upperBound else { return nil }
    func integer(_ offset: Int) -> UInt64 { data.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self) } }
    let pageSize = 4096
    var cpus: [Range<Int>] = []
    // The table ends where the padding before the first CPU's data begins.
    while mark + 16 * cpus.count + 16 <= (cpus.first?.lowerBound ?? data.count) {
      let start = integer(mark + 16 * cpus.count)
      let size = integer(mark + 16 * cpus.count + 8)
      guard start >= UInt64(mark), start <= UInt64(data.count), size <= UInt64(data.count) - start else { break }
      cpus.append(Int(start)..<Int(start + size))
    }
    let stamps = cpus.flatMap { $0.isEmpty ? [] : [integer($0.lowerBound), integer($0.upperBound - pageSize)] }
    guard let first = stamps.min(), let last = stamps.max() else { return nil }
    let span = last - first + 1_000_000_000
    var output = data.prefix(mark)
    var offset = (mark + 16 * cpus.count + pageSize - 1) / pageSize * pageSize
    for cpu in cpus {
      withUnsafeBytes(of: UInt64(offset)) { output += $0 }
      withUnsafeBytes(of: UInt64(cpu.count * times)) { output += $0 }
      offset += cpu.count * times
    }
    output += Data(count: (pageSize - output.count % pageSize) % pageSize)
    for cpu in cpus {
      for time in 0..<times {
        for page in stride(from: cpu.lowerBound, to: cpu.upperBound, by: pageSize) {
          withUnsafeBytes(of: integer(page) + UInt64(time) * span) { output += $0 }
          output += data[page + 8..<page + pageSize]
        }
      }
    }
    return output
  }
}
