internal import SystemPackage

/// What the recorder waits for while events are recorded, from signal handlers and threads: one byte each in a pipe.
final class Inbox: Sendable {
  enum Notice: Equatable {
    case signal(Int32)
    case commandEnded
    case readerFailed
  }

  private static let commandEnded: UInt8 = 0xff
  private static let readerFailed: UInt8 = 0xfe

  private let readEnd: FileDescriptor
  /// For the signal handler, which may only call write(2).
  let writeEnd: FileDescriptor

  init() throws(CaptureError) {
    do {
      (readEnd, writeEnd) = try SystemCalls.pipe(nonBlocking: true)
    } catch {
      throw CaptureError("no pipe can be made", error)
    }
  }

  deinit {
    SystemCalls.close(readEnd)
    SystemCalls.close(writeEnd)
  }

  func post(_ notice: Notice) {
    let byte =
      switch notice {
      case .signal(let number): UInt8(truncatingIfNeeded: number)
      case .commandEnded: Self.commandEnded
      case .readerFailed: Self.readerFailed
      }
    _ = try? writeEnd.writeAll([byte])
  }

  /// The next notice, or nil if none comes until `deadline`.
  func next(until deadline: ContinuousClock.Instant?) -> Notice? {
    var byte: [UInt8] = [0]
    while true {
      if let count = try? SystemCalls.read(readEnd, into: &byte), count == 1 {
        switch byte[0] {
        case Self.commandEnded: return .commandEnded
        case Self.readerFailed: return .readerFailed
        default: return .signal(Int32(byte[0]))
        }
      }
      var timeout: Int32 = -1
      if let deadline {
        let left = ContinuousClock.now.duration(to: deadline)
        guard left > .zero else { return nil }
        // Rounded up, so that the last millisecond is not spent spinning; a long wait is taken in hours.
        timeout = Int32(min(left / .milliseconds(1) + 1, 3_600_000))
      }
      _ = SystemCalls.wait(for: [readEnd], timeout: timeout)
    }
  }
}
