#if canImport(Glibc)
  internal import Glibc
#endif

/// Files that the kernel makes up as they are read, such as those of `/proc`: they have no size before.
public enum VirtualFile {
  /// The contents of `path`; nil if it cannot be read or has more than `limit` bytes.
  public static func contents(of path: String, limit: Int = 64 << 20) -> ByteBuffer? {
    let descriptor = unsafe path.withFileName { unsafe open($0, O_RDONLY | O_CLOEXEC) }
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var whole = ByteBuffer(capacity: 1 << 16)
    while true {
      let before = whole.count
      unsafe whole.fill(keeping: before) { room in unsafe read(descriptor, room.baseAddress, room.count) }
      if whole.count == before { return whole }
      guard whole.count == whole.capacity else { continue }
      guard whole.capacity < limit else { return nil }
      let larger = ByteBuffer(capacity: whole.capacity * 4)
      larger.append(whole.bytes)
      whole = larger
    }
  }
}
