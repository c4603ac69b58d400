internal import Linux
internal import Synchronization
internal import SystemPackage

/// One CPU's pages while they are recorded.
final class Spool: Sendable {
  let cpu: Int
  private let owned: OwnedDescriptor
  private let extent = Mutex(0..<0)
  private let complete = Mutex<UInt64>(0)
  /// Where the page begins that was appended last by itself.
  let last = Mutex<Int?>(nil)

  /// The file of the pages.
  var file: FileDescriptor { owned.file }

  /// Keeps the pages of `cpu` in `file`, which is empty, and closes it in the end.
  init(cpu: Int, _ file: FileDescriptor) {
    self.cpu = cpu
    owned = OwnedDescriptor(file)
  }

  /// Keeps them in an unnamed temporary file beside `output`, gone with this process.
  convenience init(cpu: Int, in output: OutputFile) throws(CaptureError) {
    do throws(Errno) {
      self.init(cpu: cpu, try output.folder.unnamedFile())
    } catch {
      throw CaptureError("no temporary file can be made in \(output.directory)", error, .output)
    }
  }

  /// The bytes of the file that it keeps; before them it has given the disk its room back.
  var kept: Range<Int> { extent.withLock { $0 } }

  /// How many bytes it keeps.
  var bytes: Int { kept.count }

  /// All that the CPU wrote up to this time (`CLOCK_MONOTONIC`, ns) is in the file.
  var completeUntil: UInt64 {
    get { complete.withLock { $0 } }
    set { complete.withLock { $0 = newValue } }
  }

  func grow(by count: Int) { extent.withLock { $0 = $0.lowerBound..<$0.upperBound + count } }

  /// Lets go of all but the last `count` bytes, in whole pages of `pageSize`.
  func keepLast(_ count: Int, pageSize: Int) {
    let old = kept
    let first = (old.upperBound - count) / pageSize * pageSize
    guard first > old.lowerBound else { return }
    extent.withLock { $0 = first..<max($0.upperBound, first) }
    file.freeSpace(in: old.lowerBound..<first)
  }

  /// Takes the mark of lost events off the first page: what a flight recorder has let go before it is not missing from what it keeps.
  func beginAtFirstPage() throws(CaptureError) {
    guard bytes > 0 else { return }
    do throws(Errno) {
      // The page's word of committed bytes behind its time: the two top bits of 32 say that events before it are missing.
      var word = try file.bytes(at: kept.lowerBound + 8, count: MemoryLayout<Int>.size)
      let mark = TraceDatWriter.isBigEndian ? word.count - 4 : 3
      word[mark] &= 0x3f
      try file.put(word, at: kept.lowerBound + 8)
    } catch {
      throw CaptureError("the recording cannot be kept on disk", error, .output)
    }
  }
}

/// A part of one CPU's pages.
struct PageRun {
  let cpu: Int
  let file: FileDescriptor
  /// The place in `file`, whole pages.
  let range: Range<Int>

  /// What `spool` keeps, from byte `start` on.
  init(_ spool: Spool, from start: Int = 0) {
    cpu = spool.cpu
    file = spool.file
    let kept = spool.kept
    range = max(kept.lowerBound, min(start, kept.upperBound))..<kept.upperBound
  }
}
