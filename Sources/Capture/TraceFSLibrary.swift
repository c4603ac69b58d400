internal import Linux
internal import CTraceFS
#if canImport(Glibc)
  internal import Glibc
#endif
internal import SystemPackage

/// The kernel's tracing directory, found by libtracefs and held open; mounted, if it must be, for as long as recorders use it.
struct TraceDirectory: Sendable {
  let path: String
  /// Whether recorders mounted it, of whom the last unmounts it.
  let isOurs: Bool
  /// Holds the mount, so that no other recorder can unmount it.
  private let anchor: SharedDescriptor?

  /// By this name `/proc/mounts` tells what recorders mounted.
  private static let source = "wakepath"
  private static let usual = "/sys/kernel/tracing"

  /// Finds the directory; where none is mounted and `mounting` is set, mounts it until the last `close`.
  init?(mounting: Bool) {
    tracefs_set_loglevel(TEP_LOG_NONE)
    // Another recorder may unmount it between being found and being held.
    for _ in 0..<20 {
      guard let found = Self.find() else {
        guard mounting, (try? Mount.add("tracefs", source: Self.source, at: Self.usual)) != nil else { return nil }
        continue
      }
      // Who is not root may know of it, but not look into it.
      let anchor = (try? Files.open(found)).map { SharedDescriptor($0) }
      if ThisProcess.isRoot, !(anchor.map { Files.exists("/proc/self/fd/\($0.number)/trace") } ?? false) { continue }
      path = found
      isOurs = Mount.find(at: found)?.source == Self.source
      self.anchor = anchor
      return
    }
    return nil
  }

  private static func find() -> String? {
    // libtracefs remembers what it found once.
    if Mount.find(at: usual)?.type == "tracefs" { return usual }
    var found: UnsafePointer<CChar>?
    guard unsafe tracefs_tracing_dir_is_mounted(false, &found) == 1, let found = unsafe found else { return nil }
    let path = unsafe String(cString: found)
    return Files.exists("\(path)/trace") || !ThisProcess.isRoot ? path : nil
  }

  /// Lets go of it, and unmounts it if recorders mounted it and no other uses it.
  func close() {
    anchor?.close()
    Self.unmount(path)
  }

  /// Unmounts the tracing directory at `path` if recorders mounted it and none uses it.
  static func unmount(_ path: String) {
    if Mount.find(at: path)?.source == source { try? Mount.remove(path) }
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
    private var file: SharedDescriptor?

    init(_ path: String) { file = (try? Files.open(path)).map { SharedDescriptor($0) } }

    func lift() { file = nil }
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
  func read(_ file: String) throws(Errno) -> [UInt8] { try Files.contents(of: "\(path)/\(file)") }

  /// Removes the instance with its events and buffers. Somebody who looks into one of its files delays that.
  func remove() throws(Errno) {
    anchor.lift()
    for attempt in 0... {
      if unsafe tracefs_instance_destroy(handle) == 0 { return }
      let error = Errno(rawValue: errno)
      guard error == .resourceBusy, attempt < 50 else { throw error }
      KernelClock.sleep(milliseconds: 20)
    }
  }
}
