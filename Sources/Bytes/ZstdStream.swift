internal import CZstd

/// Unpacks one zstd stream that arrives in pieces of any size, as perf.data has it: output comes in pieces as large as the caller has room for.
@safe public final class ZstdStream: @unchecked Sendable {
  private let context: OpaquePointer

  /// A stream at its beginning; nil where there is no memory for it.
  public init?() {
    guard let context = unsafe ZSTD_createDStream() else { return nil }
    unsafe self.context = context
  }

  deinit { unsafe _ = ZSTD_freeDStream(context) }

  /// Unpacks `input` behind the contents of `output` until the one is used up or the other is full; how many bytes of `input` were used,
  /// or nil if they are damaged. While `output` comes back full there may be more, also for an empty `input`.
  public func unpack(_ input: RawSpan, into output: ByteBuffer) -> Int? {
    var used: Int?
    unsafe output.fill(keeping: output.count) { room in
      unsafe input.withUnsafeBytes { packed in
        var source = unsafe ZSTD_inBuffer(src: packed.baseAddress, size: packed.count, pos: 0)
        var target = unsafe ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
        repeat {
          let status = unsafe ZSTD_decompressStream(context, &target, &source)
          guard ZSTD_isError(status) == 0 else { return unsafe target.pos }
        } while unsafe source.pos < source.size && target.pos < target.size
        used = unsafe source.pos
        return unsafe target.pos
      }
    }
    return used
  }
}
