public import Foundation

/// Makes of a recording of a little-endian machine of 64 bits what another machine would have written: formats, entries and pages.
/// Addresses lose their upper half where a pointer has 4 bytes; the layout is that of ARM, which aligns 8 bytes to 8.
public struct Transcoder: Sendable {
  private struct Field {
    var offset: Int
    var size: Int
    var newOffset: Int
    var newSize: Int
    /// Bytes that are kept in their order.
    var isOpaque: Bool
    var isLocation: Bool
    /// `struct sockaddr`: the family is in the machine's order, all else in the network's.
    var isSocketAddress: Bool
  }

  private let longSize: Int
  private let isBigEndian: Bool
  private var fields: [Int: [Field]] = [:]
  public private(set) var formats: [(system: String, texts: [String])] = []

  public init(_ formats: [(system: String, texts: [String])], longSize: Int, isBigEndian: Bool) {
    self.longSize = longSize
    self.isBigEndian = isBigEndian
    for (system, texts) in formats { self.formats.append((system, texts.map { transcode(format: $0) })) }
  }

  /// A trace.dat of `recording` as the other machine would have written it.
  public static func traceDat(_ recording: SmallRecording, longSize: Int, isBigEndian: Bool) -> TraceDatBuilder {
    let transcoder = Transcoder(recording.formats, longSize: longSize, isBigEndian: isBigEndian)
    var builder = recording.traceDat
    builder.longSize = longSize
    builder.isBigEndian = isBigEndian
    builder.formats = transcoder.formats
    builder.cpus = recording.cpus.indices.map { cpu in
      TraceDatBuilder.pages(recording.entries.filter { $0.cpu == cpu }.map { ($0.time, transcoder.transcode($0.payload)) }, builder)
    }
    return builder
  }

  private mutating func transcode(format: String) -> String {
    var known: [Field] = []
    var end = 0
    let lines = format.split(separator: "\n", omittingEmptySubsequences: false).map { line -> String in
      guard line.hasPrefix("\tfield:") else { return String(line) }
      let parts = line.dropFirst(7).split(separator: ";")
      let declaration = String(parts[0])
      func number(_ key: String) -> Int { parts.first { $0.hasPrefix("\t\(key):") }.flatMap { Int($0.dropFirst(key.count + 2)) } ?? 0 }
      let (offset, size) = (number("offset"), number("size"))
      let isLocation = declaration.hasPrefix("__data_loc")
      let isArray = declaration.contains("[") && !isLocation
      let isLong = !isArray && size == 8 && (declaration.contains("*") || (declaration.contains("long") && !declaration.contains("long long")))
      let newSize = isLong ? longSize : size
      // Arrays here are of bytes.
      let alignment = isArray ? 1 : newSize
      let place = offset < 8 ? offset : (max(end, 8) + alignment - 1) / alignment * alignment
      end = max(end, place + newSize)
      known.append(
        Field(
          offset: offset, size: size, newOffset: place, newSize: newSize, isOpaque: isArray, isLocation: isLocation,
          isSocketAddress: isArray && size == 28))
      return "\tfield:\(declaration);\toffset:\(place);\tsize:\(newSize);\tsigned:\(number("signed"));"
    }
    fields[KernelRecording.id(format)] = known
    return lines.joined(separator: "\n")
  }

  /// `entry` as the other machine would have written it.
  public func transcode(_ entry: Data) -> Data {
    let type = Int(entry[entry.startIndex]) | Int(entry[entry.startIndex + 1]) << 8
    guard let fields = fields[type], let last = fields.max(by: { $0.offset < $1.offset }) else { return entry }
    let (oldEnd, newEnd) = ((last.offset + last.size + 3) & ~3, (last.newOffset + last.newSize + 3) & ~3)
    var output = Data(count: newEnd)
    func put(_ value: UInt64, _ size: Int, _ offset: Int) {
      for index in 0..<size { output[offset + (isBigEndian ? size - 1 - index : index)] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
    }
    let bytes = [UInt8](entry)
    func get(_ offset: Int, _ size: Int) -> UInt64 { bytes[offset..<offset + size].reversed().reduce(0) { $0 << 8 | UInt64($1) } }
    var tail = Data()
    for field in fields where field.offset + field.size <= bytes.count {
      if field.isOpaque {
        output.replaceSubrange(field.newOffset..<field.newOffset + field.newSize, with: bytes[field.offset..<field.offset + field.size])
        if field.isSocketAddress { put(get(field.offset, 2), 2, field.newOffset) }
      } else if field.isLocation {
        let word = get(field.offset, 4)
        let (start, length) = (Int(word & 0xffff), Int(word >> 16))
        put(UInt64(newEnd + tail.count) | (word >> 16) << 16, 4, field.newOffset)
        tail += Data(bytes[start..<start + length])
      } else {
        put(get(field.offset, field.size), field.newSize, field.newOffset)
      }
    }
    precondition(oldEnd <= bytes.count)
    return output + tail
  }
}
