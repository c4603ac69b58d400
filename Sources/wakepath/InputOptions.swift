import ArgumentParser
import Decoding

/// What commands that read a recording need to know of it.
struct InputOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What the events in raw ring-buffer pages mean: a copy of /sys/kernel/tracing/events, or a trace.dat of the same kernel.",
      valueName: "directory or file"))
  var formats: String?

  @Option(help: "Read only the ring buffer (instance) NAME of a trace.dat with several; the top one is called top.")
  var instance: String?

  @Argument(help: "The recording; several files of one recording are one. A directory is a copy of tracefs or of parts of it.")
  var file: [String]

  /// Opens the recording, or ends the program with status 3 and a sentence.
  func open() throws -> Recording { try Self.open(file, formats: formats, buffer: instance) }

  /// Opens `paths`, or ends the program with status 3 and a sentence.
  static func open(_ paths: [String], formats: String? = nil, buffer: String? = nil) throws -> Recording {
    do {
      return try Recording(paths: paths, formats: formats, buffer: buffer)
    } catch {
      throw Failure.input("\(error)")
    }
  }
}
