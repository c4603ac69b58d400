#if canImport(Glibc)
  internal import Glibc
#endif
internal import Linux
internal import SystemPackage

/// A file opened for reading at any offset. Reads go through `pread(2)` and not a mapping, so that a file that shrinks while it is read
/// gives an error and not a signal, and memory in use does not grow with the file.
public final class InputFile: Sendable {
  /// The file, as the user named it.
  public let path: String
  /// The size in bytes when it was opened.
  public let size: Int
  private let descriptor: Int32

  /// Opens `path`. Standard input (`-`) and anything else that cannot be read at an offset, such as what the
  /// kernel makes up as it is read, is first copied to an unnamed temporary file, if `accepts` takes its first bytes.
  public convenience init(path: String, accepts: (RawSpan) -> Bool = { _ in true }) throws(BytesError) {
    if path == "-" {
      let status = Self.status(0)
      if status.kind == S_IFREG, status.size > 0, lseek(0, 0, SEEK_CUR) == 0 {
        self.init(path: "standard input", descriptor: dup(0), size: status.size)
      } else {
        try self.init(path: "standard input", spooling: 0, accepts)
      }
      return
    }
    let descriptor = unsafe path.withFileName { unsafe open($0, O_RDONLY | O_CLOEXEC) }
    guard descriptor >= 0 else { throw BytesError(path: path, reason: Self.lastError()) }
    let status = Self.status(descriptor)
    switch status.kind {
    case S_IFREG where status.size > 0: self.init(path: path, descriptor: descriptor, size: status.size)
    case S_IFDIR:
      close(descriptor)
      throw BytesError(path: path, reason: "is a directory, not a recording")
    default:
      defer { close(descriptor) }
      try self.init(path: path, spooling: descriptor, accepts)
    }
  }

  private init(path: String, descriptor: Int32, size: Int) {
    self.path = path
    self.descriptor = descriptor
    self.size = size
  }

  /// Where its first bytes are that are not a hole, as far as the file system tells.
  public var firstData: Int { max(Int(lseek(descriptor, 0, Self.seekData)), 0) }

  /// `SEEK_DATA`, which Swift does not see.
  private static let seekData: Int32 = 3

  private convenience init(path: String, spooling source: Int32, _ accepts: (RawSpan) -> Bool) throws(BytesError) {
    let head = ByteBuffer(capacity: Self.headSize)
    while try Self.fill(head, from: source, path: path, offset: head.count), head.count < head.capacity {}
    guard head.count == 0 || accepts(head.bytes) else {
      throw BytesError(path: path, offset: 0, reason: "is no trace that we know by its first bytes")
    }
    let directory = ThisProcess.temporaryDirectory(otherwise: "/var/tmp")
    let spool: Int32
    do throws(Errno) {
      spool = try Files.unnamedFile(in: directory).rawValue
    } catch {
      throw BytesError(path: path, reason: "cannot be kept in \(directory) while it is read: \(error)")
    }
    var size = head.count
    let buffer = ByteBuffer(capacity: 1 << 20)
    do throws(BytesError) {
      try Self.write(head, to: spool, path: path, offset: 0)
      while true {
        buffer.removeAll()
        guard try Self.fill(buffer, from: source, path: path, offset: size) else { break }
        guard Self.hasRoom(spool) else {
          throw BytesError(
            path: path, offset: size, reason: "fills \(directory), where it is kept while it is read; name a larger directory in TMPDIR")
        }
        try Self.write(buffer, to: spool, path: path, offset: size)
        size += buffer.count
      }
    } catch {
      close(spool)
      throw error
    }
    self.init(path: path, descriptor: spool, size: size)
  }

  /// So many first bytes are shown before anything is kept.
  private static let headSize = 4096

  /// Reads once behind what `buffer` has; false at the end.
  private static func fill(_ buffer: ByteBuffer, from source: Int32, path: String, offset: Int) throws(BytesError) -> Bool {
    let kept = buffer.count
    unsafe try buffer.fill(keeping: kept) { (room) throws(BytesError) -> Int in
      let got = unsafe Glibc.read(source, room.baseAddress, room.count)
      guard got >= 0 else { throw BytesError(path: path, offset: offset, reason: lastError()) }
      return got
    }
    return buffer.count > kept
  }

  /// Whether the file system of `descriptor` has something left: a twentieth of it, and 64 MiB.
  private static func hasRoom(_ descriptor: Int32) -> Bool {
    var status = statvfs()
    guard unsafe fstatvfs(descriptor, &status) == 0 else { return true }
    return UInt64(status.f_bavail) > UInt64(status.f_blocks) / 20 && UInt64(status.f_bavail) &* UInt64(status.f_frsize) > 64 << 20
  }

  deinit { close(descriptor) }

  /// Fills `buffer` behind its first `keeping` bytes with up to `count` bytes of the file from `offset`; fewer come only at the end
  /// of the file, and an error where that has come nearer since the file was opened.
  public func read(at offset: Int, count: Int, into buffer: ByteBuffer, keeping: Int = 0) throws(BytesError) {
    unsafe try buffer.fill(keeping: keeping) { (room) throws(BytesError) -> Int in
      let wanted = min(max(count, 0), room.count)
      var got = 0
      while got < wanted {
        let step = unsafe pread(descriptor, room.baseAddress.map { unsafe $0 + got }, wanted - got, offset + got)
        if step < 0 {
          if errno == EINTR { continue }
          throw BytesError(path: path, offset: offset + got, reason: Self.lastError())
        }
        if step == 0 {
          guard got > 0 || wanted == 0 || offset >= size else {
            throw BytesError(path: path, offset: offset, reason: "the file became shorter while it was read")
          }
          break
        }
        got += step
      }
      return got
    }
  }

  /// The bytes `offset ..< offset + count`; an error names the offset if they are not all there.
  public func bytes(at offset: Int, count: Int) throws(BytesError) -> ByteBuffer {
    guard offset >= 0, count >= 0, offset <= size, count <= size - offset else {
      throw BytesError(path: path, offset: min(max(offset, 0), size), reason: "the file ends before the \(count) bytes it promises here")
    }
    let buffer = ByteBuffer(capacity: count)
    try read(at: offset, count: count, into: buffer)
    guard buffer.count == count else {
      throw BytesError(path: path, offset: offset + buffer.count, reason: "the file became shorter while it was read")
    }
    return buffer
  }

  private static func status(_ descriptor: Int32) -> (kind: mode_t, size: Int) {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { return (0, 0) }
    return (status.st_mode & S_IFMT, Int(status.st_size))
  }

  private static func write(_ buffer: ByteBuffer, to descriptor: Int32, path: String, offset: Int) throws(BytesError) {
    var written = 0
    while written < buffer.count {
      let step = unsafe pwrite(descriptor, buffer.base + written, buffer.count - written, offset + written)
      guard step > 0 else { throw BytesError(path: path, offset: offset, reason: lastError()) }
      written += step
    }
  }

  private static func lastError() -> String {
    unsafe strerror(errno).map { unsafe String(cString: $0) } ?? "error \(errno)"
  }
}
