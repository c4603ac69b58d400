#if canImport(Glibc)
  internal import Glibc
#endif
public import SystemPackage

extension FileDescriptor {
  /// Reads up to as many bytes as `buffer` has, into its start; 0 at the end.
  public func fill(_ buffer: inout [UInt8]) throws(Errno) -> Int {
    while true {
      let got = unsafe buffer.withUnsafeMutableBytes { unsafe Glibc.read(rawValue, $0.baseAddress, $0.count) }
      if got >= 0 { return got }
      if Errno.last != .interrupted { throw Errno.last }
    }
  }

  /// What there is to read now, `limit` bytes at most; empty at the end. A signal ends the wait for it (`interrupted`).
  public func receive(limit: Int) throws(Errno) -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: limit)
    let got = unsafe buffer.withUnsafeMutableBytes { unsafe Glibc.read(rawValue, $0.baseAddress, $0.count) }
    if got < 0 { throw Errno.last }
    return Array(buffer[..<got])
  }

  /// Everything from here to the end, which need not be known before: files of procfs and tracefs have no size.
  public func rest() throws(Errno) -> [UInt8] {
    var content: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let got = try fill(&buffer)
      if got == 0 { return content }
      content.append(contentsOf: buffer[..<got])
    }
  }

  /// `count` bytes at `offset`; `ioError` if they are not all there.
  public func bytes(at offset: Int, count: Int) throws(Errno) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let got = unsafe bytes.withUnsafeMutableBytes { unsafe Glibc.pread(rawValue, $0.baseAddress, count, off_t(offset)) }
    if got != count { throw got < 0 ? Errno.last : .ioError }
    return bytes
  }

  /// Waits until one of `files` can be read or is at its end, `timeout` milliseconds at most (negative: forever); says which.
  public static func wait(for files: [FileDescriptor], timeout: Int32) -> [Bool] {
    var requests = files.map { pollfd(fd: $0.rawValue, events: Int16(POLLIN), revents: 0) }
    guard unsafe poll(&requests, nfds_t(requests.count), timeout) > 0 else { return files.map { _ in false } }
    return requests.map { $0.revents != 0 }
  }
}
