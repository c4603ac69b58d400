public import Foundation

/// Builds trace.dat files and ring-buffer pages byte by byte, in either byte order.
public struct TraceDatBuilder {
  public var isBigEndian = false
  public var pageSize = 4096
  /// Options of version 6: id and data.
  public var options: [(UInt16, Data)] = []
  /// Format texts by system.
  public var formats: [(system: String, texts: [String])] = []
  /// Pages of each CPU.
  public var cpus: [[Data]] = []

  public init() {}

  /// An integer in the file's byte order.
  public func bytes<T: FixedWidthInteger>(_ value: T) -> Data {
    withUnsafeBytes(of: isBigEndian ? value.bigEndian : value.littleEndian) { Data($0) }
  }

  /// A ring-buffer page that begins at `time` (ns) and holds `entries`; `flags` go into the commit field.
  public func page(time: UInt64, flags: UInt64 = 0, lengthSays: Int? = nil, missed: UInt64? = nil, _ entries: [Data]) -> Data {
    var page = bytes(time) + bytes(flags | UInt64(lengthSays ?? entries.reduce(0) { $0 + $1.count }))
    for entry in entries { page += entry }
    if let missed { page += bytes(missed) }
    return page + Data(count: max(pageSize - page.count, 0))
  }

  /// The word before an entry: 5 bits of type, 27 bits of time.
  public func word(type: UInt32, delta: UInt32) -> Data {
    bytes(isBigEndian ? type << 27 | delta : delta << 5 | type)
  }

  /// An event of `payload`, padded to four bytes, `delta` ns after the one before.
  public func entry(delta: UInt32, _ payload: Data) -> Data {
    let padded = payload + Data(count: (4 - payload.count % 4) % 4)
    return padded.count <= 112
      ? word(type: UInt32(padded.count / 4), delta: delta) + padded
      : word(type: 0, delta: delta) + bytes(UInt32(padded.count + 4)) + padded
  }

  /// A time extend of `delta` ns.
  public func extend(_ delta: UInt64) -> Data {
    word(type: 30, delta: UInt32(delta & 0x7ff_ffff)) + bytes(UInt32(delta >> 27))
  }

  /// A softirq_raise of vector `vector`.
  public func softirqRaise(delta: UInt32, pid: Int32 = 1, flags: UInt8 = 0, vector: UInt32) -> Data {
    entry(delta: delta, bytes(UInt16(9)) + Data([flags, 0]) + bytes(pid) + bytes(vector))
  }

  /// A format text with the common fields and one number.
  public static let softirqRaiseFormat = """
    name: softirq_raise
    ID: 9
    format:
    \tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
    \tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;
    \tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;
    \tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;

    \tfield:unsigned int vec;\toffset:8;\tsize:4;\tsigned:0;

    print fmt: "vec=%u", REC->vec

    """

  private static let headerPage = """
    \tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;
    \tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;
    \tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;
    \tfield: char data;\toffset:16;\tsize:4080;\tsigned:1;

    """

  /// The whole file, version 6.
  public func build() -> Data {
    var file = Data([0x17, 0x08, 0x44]) + Data("tracing6\0".utf8)
    file += Data([isBigEndian ? 1 : 0, 8]) + bytes(UInt32(pageSize))
    file += Data("header_page\0".utf8) + bytes(UInt64(Self.headerPage.utf8.count)) + Data(Self.headerPage.utf8)
    file += Data("header_event\0".utf8) + bytes(UInt64(0)) + bytes(UInt32(0))
    file += bytes(UInt32(formats.count))
    for (system, texts) in formats {
      file += Data(system.utf8) + Data([0]) + bytes(UInt32(texts.count))
      for text in texts { file += bytes(UInt64(text.utf8.count)) + Data(text.utf8) }
    }
    file += bytes(UInt32(0)) + bytes(UInt32(0)) + bytes(UInt64(0)) + bytes(UInt32(cpus.count))
    file += Data("options  \0".utf8)
    for (id, data) in options { file += bytes(id) + bytes(UInt32(data.count)) + data }
    file += bytes(UInt16(0)) + Data("flyrecord\0".utf8)
    var offset = (file.count + cpus.count * 16 + pageSize - 1) / pageSize * pageSize
    var table = Data()
    for pages in cpus {
      let size = pages.reduce(0) { $0 + $1.count }
      table += bytes(UInt64(offset)) + bytes(UInt64(size))
      offset += size
    }
    file += table
    file += Data(count: (pageSize - file.count % pageSize) % pageSize)
    for pages in cpus { for page in pages { file += page } }
    return file
  }
}
