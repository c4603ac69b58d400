internal import Linux
internal import Synchronization

/// How much a recording may still put on disk: up to the size that was asked for, and never the last of the disk, which others need.
final class DiskBudget: Sendable {
  private struct State {
    var spent = 0
    /// Bytes since the file system was asked last.
    var sinceLook = 0
    var end: RecordingSummary.End?
  }

  private let state = Mutex(State())
  /// Bytes of pages after which it ends.
  private let limit: Int
  /// Free bytes of the disk at which it ends.
  private let least: Int
  private let directory: OpenDirectory

  /// How often the file system is asked: every so many bytes.
  private static let step = 4 << 20

  /// What the disk of `directory` keeps free: a twentieth of it, at most 1 GiB.
  static func reserve(of directory: OpenDirectory) -> Int { directory.space.map { min($0.whole / 20, 1 << 30) } ?? 0 }

  /// A file of at most `maximum` bytes, of which `other` are not pages. Up to `buffered` bytes are still in the kernel when a recording ends.
  init(_ directory: OpenDirectory, maximum: Int?, other: Int, buffered: Int) throws(CaptureError) {
    self.directory = directory
    limit = maximum.map { $0 - other - buffered } ?? .max
    guard limit > 0 else {
      throw CaptureError("--max-size is too small for this machine: \(other + buffered) bytes are needed before the first event", .output)
    }
    // The head is there twice while the file is written.
    least = Self.reserve(of: directory) + buffered + other
  }

  /// Notes that `bytes` were added; answers true once, when the recording must end.
  func spend(_ bytes: Int) -> Bool {
    state.withLock { state in
      state.spent += bytes
      state.sinceLook += bytes
      guard state.end == nil else { return false }
      if state.spent >= limit { state.end = .sizeReached }
      if state.end == nil, state.sinceLook >= min(Self.step, max(least / 16, 1)) {
        state.sinceLook = 0
        if let space = directory.space, space.free <= least { state.end = .diskFull }
      }
      return state.end != nil
    }
  }

  /// Why the recording must end; nil as long as there is room.
  var end: RecordingSummary.End? { state.withLock { $0.end } }
}
