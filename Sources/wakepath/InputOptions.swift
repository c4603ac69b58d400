import ArgumentParser
import Decoding

/// What commands that read a recording need to know of it.
struct InputOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What the events in raw ring-buffer pages mean: a copy of /sys/kernel/tracing/events, or a trace.dat of the same kernel.",
      valueName: "directory or file"))
  var formats: String?

  @Argument(help: "The recording; several files of one recording are one. A directory is a copy of tracefs or of parts of it.")
  var file: [String]

  /// Opens the recording, or ends the program with status 3 and a sentence.
  func open() throws -> Recording { try Self.open(file, formats: formats) }

  /// Opens `paths`, or ends the program with status 3 and a sentence.
  static func open(_ paths: [String], formats: String? = nil) throws -> Recording {
    do {
      return try Recording(paths: paths, formats: formats)
    } catch {
      throw Failure.input("\(error)")
    }
  }
}
