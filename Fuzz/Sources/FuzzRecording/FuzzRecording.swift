import Decoding
import Events
import Glibc
import Journeys

/// Whatever the bytes are, reading them ends, and every packet has one outcome. The file lies in memory: readers want one they can seek in.
/// Its name has a CPU, as that of a file of pages must.
private let path = "/dev/shm/wakepath-fuzz-\(getpid())-cpu0"
/// What describes the events in pages, if pages are what is read.
private let formats = getenv("WAKEPATH_FORMATS").map { String(cString: $0) }

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
  _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// The package manager links executables with `main` being this; it hands over to libFuzzer.
@_cdecl("FuzzRecording_main")
public func fuzzMain(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> CInt {
  var count = count
  var arguments = arguments
  return runDriver(&count, &arguments) { fuzzRecording($0, $1) }
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRecording(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  guard let start, count > 0 else { return 0 }
  let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
  guard file >= 0, write(file, start, count) == count else { return 0 }
  close(file)
  guard let recording = try? Recording(paths: [path], formats: isPages(start, count) ? formats : nil) else { return 0 }
  if recording.info.format.hasPrefix("perf.data"), let again = try? recording.reopened() { describe(again) }
  var stream = EventStream(recording)
  var engine = JourneyEngine(stream.capabilities)
  var ended = 0
  while let event = stream.next() {
    engine.consume(event)
    ended += received(engine)
    engine.finished.removeAll(keepingCapacity: true)
  }
  engine.finish()
  ended += received(engine)
  precondition(engine.inFlight == 0)
  precondition(ended == engine.statistics.outcomes.reduce(0, +))
  return 0
}

/// No other kind of input begins so: a page's time is not that large.
private func isPages(_ start: UnsafePointer<UInt8>, _ count: Int) -> Bool { count >= 16 && (start[6] == 0 && start[7] == 0) }

/// Prints the first events, as perf does, whose print formats the file brings with it.
private func describe(_ other: consuming Recording) {
  var recording = other
  var line: [UInt8] = []
  for _ in 0..<16 {
    guard let record = recording.next() else { return }
    line.removeAll(keepingCapacity: true)
    describe(record, recording, &line)
  }
}

private func describe(_ record: Record, _ recording: borrowing Recording, _ line: inout [UInt8]) {
  recording.catalog(ofStream: record.stream)?.describe(recording.bytes(of: record), time: record.time, cpu: record.cpu, into: &line)
}

/// How many received packets have ended.
private func received(_ engine: borrowing JourneyEngine) -> Int { engine.finished.count { $0.direction == .rx } }
