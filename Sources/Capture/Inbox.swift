internal import Linux
internal import SystemPackage

/// What the recorder waits for while events are recorded, from signal handlers and threads: one byte each in a pipe.
final class Inbox: Sendable {
  enum Notice: Equatable {
    case signal(Int32)
    case commandEnded
    case readerFailed
    /// The disk has no more room for the recording.
    case spaceEnded
  }

  private static let commandEnded: UInt8 = 0xff
  private static let readerFailed: UInt8 = 0xfe
  private static let spaceEnded: UInt8 = 0xfd

  private let pipe: Pipe
  /// For the signal handler, which may only call write(2).
  var writeEnd: FileDescriptor { pipe.writeEnd }

  init() throws(CaptureError) {
    do {
      pipe = try Pipe(nonBlocking: true)
    } catch {
      throw CaptureError("no pipe can be made", error)
    }
  }

  deinit { pipe.close() }

  func post(_ notice: Notice) {
    let byte =
      switch notice {
      case .signal(let number): UInt8(truncatingIfNeeded: number)
      case .commandEnded: Self.commandEnded
      case .readerFailed: Self.readerFailed
      case .spaceEnded: Self.spaceEnded
      }
    _ = try? writeEnd.put([byte])
  }

  /// The next notice, or nil if none comes until `deadline`.
  func next(until deadline: ContinuousClock.Instant?) -> Notice? {
    var byte: [UInt8] = [0]
    while true {
      if let count = try? pipe.readEnd.fill(&byte), count == 1 {
        switch byte[0] {
        case Self.commandEnded: return .commandEnded
        case Self.readerFailed: return .readerFailed
        case Self.spaceEnded: return .spaceEnded
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
      _ = FileDescriptor.wait(for: [pipe.readEnd], timeout: timeout)
    }
  }
}
