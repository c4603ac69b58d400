internal import Bytes

/// The records of a perf.data one after the other, those in packed ones too.
///
///     file       HEADER │ COMPRESSED ──────┐ │ COMPRESSED ─┐ │ FINISHED_ROUND │ …
///     unpacked            SAMPLE │ SAMPLE │ SAM PLE │ SAMPLE │      a record may go on in the next packed one
struct PerfRecords {
  /// A record, whole in its buffer.
  struct Found {
    var kind: UInt32
    var misc: UInt16
    var buffer: Int
    var offset: Int
    var size: Int
    /// Where it lies in the file; for a packed one, where the record that packs it does.
    var fileOffset: Int
  }

  /// What a step came to.
  enum Step {
    case record(Found)
    /// What lay here made no sense and was passed over.
    case passedOver
    case end
  }

  let file: InputFile
  private let order: ByteOrder
  /// The next byte to read in the file, and the first behind the records.
  private var position: Int
  private let end: Int
  private var plain: PerfWindow
  private var unpacked: PerfWindow
  private var stream: ZstdStream?
  /// What is left to unpack of a packed record, in the plain window's buffer.
  private var packed = 0..<0
  private var packedOffset = 0
  private var mayHoldMore = false
  private var isPackingBroken = false
  /// Whether the file lacks records that its head promises, or some of it cannot be unpacked.
  private(set) var isCut: Bool

  init(file: InputFile, header: PerfHeader, _ buffers: inout PerfBuffers) {
    self.file = file
    order = header.order
    end = min(header.records.upperBound, file.size)
    position = min(header.records.lowerBound, end)
    isCut = header.isUnfinished || header.records.upperBound > file.size
    plain = PerfWindow(&buffers)
    unpacked = PerfWindow(&buffers)
  }

  /// The next record, or whatever stands in its place.
  mutating func next(_ buffers: inout PerfBuffers, _ diagnostics: inout Diagnostics) -> Step {
    while true {
      if let found = head(unpacked, buffers), found.size >= 8, found.size <= unpacked.available(buffers) {
        unpacked.advance(found.size)
        return .record(at(found, packedOffset))
      }
      if !packed.isEmpty || mayHoldMore {
        if !unpack(&buffers, &diagnostics) { return .passedOver }
        continue
      }
      guard fill(8, &buffers, &diagnostics), let found = head(plain, buffers) else { return finish(&buffers, &diagnostics) }
      guard found.size >= 8, PerfHeader.Kind.isPlausible(found.kind) else { return resume(found, &buffers, &diagnostics) }
      guard fill(found.size, &buffers, &diagnostics), let whole = head(plain, buffers) else { return finish(&buffers, &diagnostics) }
      plain.advance(whole.size)
      if let step = take(whole, buffers, &diagnostics) { return step }
    }
  }

  /// Bytes of records that lie side by side; the last one may not be all there.
  struct Stretch {
    var buffer: Int
    var start: Int
    var end: Int
    fileprivate var isPacked: Bool
  }

  /// The records that lie side by side where the next one is; nil where it must be found first.
  func stretch(_ buffers: PerfBuffers) -> Stretch? {
    let isPacked = unpacked.available(buffers) >= 8
    guard isPacked || packed.isEmpty && !mayHoldMore && skipped == 0 else { return nil }
    let window = isPacked ? unpacked : plain
    return Stretch(buffer: window.buffer, start: window.cursor, end: window.cursor + window.available(buffers), isPacked: isPacked)
  }

  /// The first `count` bytes of `stretch` have been read; they are whole records.
  mutating func advance(_ stretch: Stretch, by count: Int) {
    if stretch.isPacked { unpacked.advance(count) } else { plain.advance(count) }
  }

  /// The head of the record that `window` is at; nil if it is not all there.
  private func head(_ window: PerfWindow, _ buffers: PerfBuffers) -> Found? {
    guard window.available(buffers) >= 8 else { return nil }
    let bytes = buffers[window.buffer]
    guard let kind = bytes.bytes.integer(UInt32.self, at: window.cursor, order),
      let misc = bytes.bytes.integer(UInt16.self, at: window.cursor + 4, order),
      let size = bytes.bytes.integer(UInt16.self, at: window.cursor + 6, order)
    else { return nil }
    let offset = position - window.available(buffers)
    return Found(kind: kind, misc: misc, buffer: window.buffer, offset: window.cursor, size: Int(size), fileOffset: offset)
  }

  private func at(_ found: Found, _ fileOffset: Int) -> Found {
    var moved = found
    moved.fileOffset = fileOffset
    return moved
  }

  /// Hands out `found`, or begins to unpack it (nil), or steps over what follows it.
  private mutating func take(_ found: Found, _ buffers: PerfBuffers, _ diagnostics: inout Diagnostics) -> Step? {
    let bytes = buffers[found.buffer]
    var data = found.offset + 8..<found.offset + found.size
    switch found.kind {
    case PerfHeader.Kind.compressed: break
    case PerfHeader.Kind.compressed2:
      let size = bytes.bytes.integer(UInt64.self, at: data.lowerBound, order) ?? 0
      guard data.count >= 8, size <= UInt64(data.count - 8) else {
        diagnostics.add(.recordDamaged, path: file.path, offset: found.fileOffset, "packed data of \(size) bytes in \(found.size)")
        return .passedOver
      }
      data = data.lowerBound + 8..<data.lowerBound + 8 + Int(size)
    case PerfHeader.Kind.auxTrace: return skip(bytes.bytes.integer(UInt64.self, at: data.lowerBound, order), found)
    case PerfHeader.Kind.tracingData:
      let size = data.count < 4 ? nil : bytes.bytes.integer(UInt32.self, at: data.lowerBound, order)
      return skip(size.map { (UInt64($0) + 7) & ~7 }, found)
    default: return .record(found)
    }
    if !isPackingBroken {
      packed = data
      packedOffset = found.fileOffset
    }
    return nil
  }

  /// Steps over `count` bytes that follow a record.
  private mutating func skip(_ count: UInt64?, _ found: Found) -> Step {
    skipped = Int(clamping: count ?? 0)
    return .record(found)
  }

  /// How many bytes are to be stepped over before the next record.
  private var skipped = 0

  /// Makes sure that `count` bytes are in the plain window; false if the file has no more.
  private mutating func fill(_ count: Int, _ buffers: inout PerfBuffers, _ diagnostics: inout Diagnostics) -> Bool {
    stepOver(buffers)
    guard plain.available(buffers) < count else { return true }
    guard position < end else { return false }
    plain.makeRoom(&buffers)
    let bytes = buffers[plain.buffer]
    let kept = bytes.count
    do {
      try file.read(at: position, count: min(bytes.capacity - kept, end - position), into: bytes, keeping: kept)
    } catch {
      diagnostics.add(.fileTooShort, path: file.path, offset: error.offset, error.reason)
    }
    if bytes.count == kept {
      isCut = true
      position = end
    }
    position += bytes.count - kept
    return bytes.count >= count
  }

  private mutating func stepOver(_ buffers: PerfBuffers) {
    let inside = min(skipped, plain.available(buffers))
    plain.advance(inside)
    let outside = min(skipped - inside, end - position)
    position += outside
    isCut = isCut || outside < skipped - inside
    skipped = 0
  }

  /// Unpacks more of the packed record; false if it is damaged, and with it all that is packed behind it.
  private mutating func unpack(_ buffers: inout PerfBuffers, _ diagnostics: inout Diagnostics) -> Bool {
    unpacked.makeRoom(&buffers)
    if stream == nil { stream = ZstdStream() }
    let input = buffers[plain.buffer]
    let output = buffers[unpacked.buffer]
    guard output.count < output.capacity,
      let used = stream?.unpack(input.bytes.slice(packed.lowerBound, packed.count), into: output)
    else {
      diagnostics.add(.chunkDamaged, path: file.path, offset: packedOffset, "zstd cannot unpack it")
      (packed, mayHoldMore, isPackingBroken, isCut) = (0..<0, false, true, true)
      unpacked.advance(unpacked.available(buffers))
      return false
    }
    packed = packed.lowerBound + used..<packed.upperBound
    mayHoldMore = output.count == output.capacity
    guard let found = head(unpacked, buffers), found.size < 8 else { return true }
    diagnostics.add(.recordDamaged, path: file.path, offset: packedOffset, "a packed record of \(found.size) bytes")
    unpacked.advance(unpacked.available(buffers))
    return false
  }

  /// The bytes before the end are no record: the last one is cut.
  private mutating func finish(_ buffers: inout PerfBuffers, _ diagnostics: inout Diagnostics) -> Step {
    let left = plain.available(buffers) + unpacked.available(buffers)
    if left > 0 {
      diagnostics.add(.fileTooShort, path: file.path, offset: position - plain.available(buffers), "\(left) bytes of a record are left")
      isCut = true
      plain.advance(plain.available(buffers))
      unpacked.advance(unpacked.available(buffers))
    }
    return .end
  }

  /// Looks for the next record behind `found`, which is none: records lie at multiples of 8 bytes.
  private mutating func resume(_ found: Found, _ buffers: inout PerfBuffers, _ diagnostics: inout Diagnostics) -> Step {
    diagnostics.add(.recordDamaged, path: file.path, offset: found.fileOffset, "a record of type \(found.kind) and \(found.size) bytes")
    repeat { plain.advance(8) } while fill(8, &buffers, &diagnostics) && !isRecord(&buffers, &diagnostics)
    return .passedOver
  }

  /// Whether what the plain window is at may be a record, by its head and by the one after it.
  private mutating func isRecord(_ buffers: inout PerfBuffers, _ diagnostics: inout Diagnostics) -> Bool {
    guard let found = head(plain, buffers), isSound(found) else { return false }
    guard fill(found.size + 8, &buffers, &diagnostics) else { return found.size == plain.available(buffers) }
    var after = plain
    after.advance(found.size)
    return head(after, buffers).map { isSound($0) } ?? false
  }

  private func isSound(_ found: Found) -> Bool { PerfHeader.Kind.isPlausible(found.kind) && found.size >= 8 && found.size % 8 == 0 }
}
