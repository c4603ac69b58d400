internal import CZlib
internal import CZstd

/// The compressions that trace.dat 7 and perf.data name.
public enum Compression: String, Sendable {
  case zstd
  case zlib

  /// Replaces the contents of `output` by the data that `input` unpacks to; false if the data is damaged or does not fit.
  public func decompress(_ input: RawSpan, into output: ByteBuffer) -> Bool {
    var succeeded = false
    unsafe output.fill { room in
      let written = unsafe input.withUnsafeBytes { packed in
        switch self {
        case .zstd: unsafe Self.zstd(packed, room)
        case .zlib: unsafe Self.zlib(packed, room)
        }
      }
      succeeded = written != nil
      return written ?? 0
    }
    return succeeded
  }

  private static func zstd(_ packed: UnsafeRawBufferPointer, _ room: UnsafeMutableRawBufferPointer) -> Int? {
    let written = unsafe ZSTD_decompress(room.baseAddress, room.count, packed.baseAddress, packed.count)
    return ZSTD_isError(written) == 0 ? written : nil
  }

  private static func zlib(_ packed: UnsafeRawBufferPointer, _ room: UnsafeMutableRawBufferPointer) -> Int? {
    var written = uLongf(room.count)
    let status = unsafe uncompress(
      room.bindMemory(to: Bytef.self).baseAddress, &written, packed.bindMemory(to: Bytef.self).baseAddress, uLong(packed.count))
    return status == Z_OK ? Int(written) : nil
  }
}
