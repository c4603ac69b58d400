internal import CLinux
#if canImport(Glibc)
  internal import Glibc
#endif
public import SystemPackage

/// File systems that are mounted.
public enum Mount {
  /// Mounts the kernel's file system `type` at `path`, where `/proc/mounts` calls it `source`; nothing in it is a program or a device.
  public static func add(_ type: String, source: String, at path: String) throws(Errno) {
    try Errno.check(unsafe mount(source, path, type, UInt(MS_NOSUID | MS_NODEV | MS_NOEXEC), nil))
  }

  /// Unmounts what is at `path`; `resourceBusy` if somebody uses it.
  public static func remove(_ path: String) throws(Errno) { try Errno.check(unsafe umount2(path, 0)) }

  /// What is mounted at `path`, by the names that `/proc/self/mounts` has; the last one covers those before it.
  public static func find(at path: String) -> (source: String, type: String)? {
    let lines = ((try? Files.text(of: "/proc/self/mounts")) ?? "").split(separator: "\n")
    let fields = lines.map { $0.split(separator: " ") }.last { $0.count > 2 && $0[1] == path }
    return fields.map { (String($0[0]), String($0[2])) }
  }
}
