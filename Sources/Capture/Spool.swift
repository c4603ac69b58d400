internal import Synchronization
internal import SystemPackage

/// One CPU's pages while they are recorded: an unnamed temporary file next to the output, gone with this process.
final class Spool: Sendable {
  let cpu: Int
  let file: FileDescriptor
  private let size = Mutex(0)

  init(cpu: Int, directory: String) throws(CaptureError) {
    self.cpu = cpu
    do {
      file = try SystemCalls.unnamedFile(in: directory)
    } catch {
      throw CaptureError("no temporary file can be made in \(directory)", error)
    }
  }

  deinit { SystemCalls.close(file) }

  /// How many bytes it holds.
  var bytes: Int { size.withLock { $0 } }

  func grow(by count: Int) { size.withLock { $0 += count } }
}
