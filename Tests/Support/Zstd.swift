internal import CZstd
public import Foundation

/// Packs data with zstd; the readers under test unpack them.
public enum Zstd {
  /// One frame with all of `data`.
  public static func pack(_ data: Data) -> Data {
    var packed = Data(count: ZSTD_compressBound(data.count))
    let count = packed.withUnsafeMutableBytes { target in
      data.withUnsafeBytes { ZSTD_compress(target.baseAddress, target.count, $0.baseAddress, $0.count, 3) }
    }
    precondition(ZSTD_isError(count) == 0)
    return packed.prefix(count)
  }

  /// One stream that goes through all of `pieces`; each can be unpacked once those before it are.
  public static func packStream(_ pieces: [Data]) -> [Data] {
    let context = ZSTD_createCCtx()
    defer { ZSTD_freeCCtx(context) }
    return pieces.map { piece in
      var packed = Data(count: ZSTD_compressBound(piece.count) + 64)
      let count = packed.withUnsafeMutableBytes { target in
        piece.withUnsafeBytes { source in
          var input = ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: 0)
          var output = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
          let left = ZSTD_compressStream2(context, &output, &input, ZSTD_e_flush)
          precondition(left == 0 && input.pos == input.size)
          return output.pos
        }
      }
      return packed.prefix(count)
    }
  }
}
