internal import Bytes

/// The lines of one text file as a stream of records.
struct TextStream {
  enum Head {
    case event
    case gap
    case end
  }
  private(set) var head = Head.end
  private(set) var headTime: UInt64 = 0
  private(set) var headCPU: Int32 = 0
  private(set) var headOffset = 0
  private(set) var headLength = 0
  private(set) var gap: Gap?

  init(file: InputFile) {}

  mutating func advance(_ buffers: inout ByteBuffers, _ index: Int, _ diagnostics: inout Diagnostics) {}
}
