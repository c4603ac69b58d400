internal import CLinux
#if canImport(Glibc)
  internal import Glibc
#endif
public import SystemPackage

extension FileDescriptor {
  /// Writes all of `bytes` where the file stands.
  public func put(_ bytes: some Sequence<UInt8>) throws(Errno) {
    do {
      try writeAll(bytes)
    } catch {
      throw error as? Errno ?? .ioError
    }
  }

  /// Writes all of `bytes` at `offset`.
  public func put(_ bytes: [UInt8], at offset: Int) throws(Errno) {
    let put = unsafe bytes.withUnsafeBytes { unsafe Glibc.pwrite(rawValue, $0.baseAddress, $0.count, off_t(offset)) }
    if put != bytes.count { throw put < 0 ? Errno.last : .ioError }
  }

  /// Gives the disk back what `range` takes, where the file system can; the file keeps its length. Answers whether it could.
  @discardableResult
  public func freeSpace(in range: Range<Int>) -> Bool {
    wakepath_fallocate(rawValue, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, range.lowerBound, range.count) == 0
  }

  /// Appends `range` of this file to `target`, without taking it through this process where that can be.
  public func copy(_ range: Range<Int>, to target: FileDescriptor) throws(Errno) {
    var offset = off_t(range.lowerBound)
    while offset < range.upperBound {
      let sent = unsafe sendfile(target.rawValue, rawValue, &offset, range.upperBound - Int(offset))
      if sent > 0 { continue }
      if sent == 0 { throw .ioError }
      if Errno.last == .invalidArgument || Errno.last == .noFunction {
        guard Glibc.lseek(rawValue, offset, SEEK_SET) >= 0 else { throw Errno.last }
        return try copyByHand(count: range.upperBound - Int(offset), to: target)
      }
      if Errno.last != .interrupted { throw Errno.last }
    }
  }

  /// Takes `count` bytes out of this pipe, which holds them, and appends them to `file`.
  public func drain(count: Int, to file: FileDescriptor) throws(Errno) {
    var left = count
    while left > 0 {
      do throws(Errno) {
        left -= try splice(to: file, count: left, waiting: true)
      } catch {
        // Some file systems take no pages.
        guard error == .invalidArgument || error == .noFunction else { throw error }
        return try copyByHand(count: left, to: file)
      }
    }
  }

  /// Moves up to `count` bytes between a file and a pipe: splice(2). With `waiting` false it answers 0 if there is nothing to move.
  public func splice(to target: FileDescriptor, count: Int, waiting: Bool) throws(Errno) -> Int {
    let flags = UInt32(SPLICE_F_MOVE) | (waiting ? 0 : UInt32(SPLICE_F_NONBLOCK))
    while true {
      let moved = wakepath_splice(rawValue, target.rawValue, UInt(count), flags)
      if moved >= 0 { return moved }
      if !waiting, Errno.last == .resourceTemporarilyUnavailable { return 0 }
      if Errno.last != .interrupted { throw Errno.last }
    }
  }

  private func copyByHand(count: Int, to target: FileDescriptor) throws(Errno) {
    var left = count
    while left > 0 {
      var buffer = [UInt8](repeating: 0, count: min(left, 1 << 16))
      let got = try fill(&buffer)
      if got == 0 { throw .ioError }
      try target.put(buffer[..<got])
      left -= got
    }
  }
}
