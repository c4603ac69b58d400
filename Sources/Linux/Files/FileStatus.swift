#if canImport(Glibc)
  internal import Glibc
#endif
public import SystemPackage

/// What stat(2) says of a file.
public struct FileStatus: Sendable, Equatable {
  public enum Kind: Sendable {
    case regular, directory, link, socket, other
  }

  public let kind: Kind
  /// Bytes.
  public let size: Int
  /// The number of the user it belongs to.
  public let owner: UInt32
  /// The bits of rights alone, as chmod(2) takes them.
  public let mode: UInt32
  /// The file's number in its file system, and the file system's.
  public let inode: UInt
  public let device: UInt

  /// Of an open file.
  public init(_ file: FileDescriptor) throws(Errno) {
    var status = stat()
    try Errno.check(unsafe fstat(file.rawValue, &status))
    self.init(status)
  }

  /// Of what is at `path`, links followed; nil if there is nothing, or it cannot be seen.
  public init?(of path: String) {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return nil }
    self.init(status)
  }

  /// Of `name` in `directory`, itself if it is a link.
  init?(of name: String, in directory: FileDescriptor) {
    var status = stat()
    guard unsafe fstatat(directory.rawValue, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
    self.init(status)
  }

  private init(_ status: stat) {
    kind =
      switch status.st_mode & S_IFMT {
      case S_IFREG: .regular
      case S_IFDIR: .directory
      case S_IFLNK: .link
      case S_IFSOCK: .socket
      default: .other
      }
    size = Int(status.st_size)
    owner = status.st_uid
    mode = status.st_mode & 0o7777
    inode = UInt(status.st_ino)
    device = UInt(status.st_dev)
  }

  /// Whether both are the same file.
  public func isSameFile(as other: FileStatus) -> Bool { inode == other.inode && device == other.device }
}
