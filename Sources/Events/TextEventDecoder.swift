internal import Bytes
internal import Decoding

/// Turns lines of trace text into events.
struct TextEventDecoder {
  private(set) var dropReasonNames: [Int32: String] = [:]
  private(set) var locationNames: [UInt64: String] = [:]

  func comm(_ pid: Int32) -> String? { nil }

  mutating func decode(_ record: Record, _ line: RawSpan, _ names: inout NameTable, _ flows: inout FlowTable) -> Event? { nil }
}
