internal import CTraceFS
#if canImport(Glibc)
  internal import Glibc
#endif
internal import SystemPackage

/// The kernel's tracing directory, found (and mounted, if it must be) by libtracefs.
struct TraceDirectory: Sendable {
  let path: String
  /// Whether it was mounted by us, and must be unmounted again.
  let isOurs: Bool

  /// Finds the directory; where none is mounted and `mounting` is set, mounts it until `close`.
  init?(mounting: Bool) {
    tracefs_set_loglevel(TEP_LOG_NONE)
    var found: UnsafePointer<CChar>?
    let status = unsafe tracefs_tracing_dir_is_mounted(mounting, &found)
    guard status >= 0, let found = unsafe found else { return nil }
    path = unsafe String(cString: found)
    isOurs = status == 0
  }

  /// Unmounts what was mounted by `init`.
  func close() {
    guard isOurs else { return }
    let suffix = "/tracing"
    let isDebugFS = path != "/sys/kernel/tracing" && path.hasSuffix(suffix)
    SystemCalls.unmount(isDebugFS ? String(path.dropLast(suffix.count)) : path)
  }
}

/// A tracing instance: a set of ring buffers and enabled events of its own, which leaves other users of tracing alone.
@safe struct TraceInstance: ~Copyable {
  let name: String
  let path: String
  private let handle: OpaquePointer
  /// One of its files: who takes it for left behind cannot remove it while that is open (`__remove_instance` in kernel/trace/trace.c).
  private let anchor: Anchor

  private final class Anchor {
    private var file: FileDescriptor?

    init(_ path: String) { file = try? FileDescriptor.open(FilePath(path), .readOnly, options: .closeOnExec) }

    deinit { lift() }

    func lift() {
      if let file { SystemCalls.close(file) }
      file = nil
    }
  }

  /// Makes a new instance; `fileExists` is thrown if there is one of this name.
  init(name: String) throws(Errno) {
    errno = 0
    guard let handle = unsafe tracefs_instance_create(name) else {
      throw errno == 0 ? .noSuchFileOrDirectory : Errno(rawValue: errno)
    }
    guard unsafe tracefs_instance_is_new(handle), let directory = unsafe tracefs_instance_get_dir(handle) else {
      unsafe tracefs_instance_free(handle)
      throw .fileExists
    }
    path = unsafe String(cString: directory)
    unsafe tracefs_put_tracing_file(directory)
    self.name = name
    unsafe self.handle = handle
    anchor = Anchor("\(path)/tracing_on")
  }

  deinit { unsafe tracefs_instance_free(handle) }

  /// Writes `text` to one of the instance's files.
  func write(_ text: String, to file: String) throws(Errno) {
    errno = 0
    guard unsafe tracefs_instance_file_write(handle, file, text) < 0 else { return }
    throw errno == 0 ? .ioError : Errno(rawValue: errno)
  }

  /// The content of one of the instance's files.
  func read(_ file: String) throws(Errno) -> [UInt8] { try SystemCalls.contents(of: "\(path)/\(file)") }

  /// Removes the instance with its events and buffers. Somebody who looks into one of its files delays that.
  func remove() throws(Errno) {
    anchor.lift()
    for attempt in 0... {
      if unsafe tracefs_instance_destroy(handle) == 0 { return }
      let error = Errno(rawValue: errno)
      guard error == .resourceBusy, attempt < 50 else { throw error }
      SystemCalls.sleep(milliseconds: 20)
    }
  }
}
