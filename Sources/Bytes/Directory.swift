#if canImport(Glibc)
  internal import Glibc
#endif

/// Directories, as far as recordings come in them.
public enum Directory {
  /// The number of the file at `path`, or nil if there is none.
  public static func inode(of path: String) -> UInt32? {
    var status = stat()
    return unsafe path.withFileName { unsafe stat($0, &status) } == 0 ? UInt32(exactly: status.st_ino) : nil
  }

  /// Whether `path` is a directory.
  public static func exists(_ path: String) -> Bool {
    var status = stat()
    return unsafe path.withFileName { unsafe stat($0, &status) } == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Whether `path` is a regular file: neither a pipe, which may wait for ever, nor a device, which opening alone may change.
  public static func isFile(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  /// The names in directory `path`, sorted; empty where it cannot be read.
  public static func names(in path: String) -> [String] {
    guard let stream = unsafe path.withFileName({ unsafe opendir($0) }) else { return [] }
    defer { unsafe _ = closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { field in
        unsafe field.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(keeping: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }
}
