import ArgumentParser
import Decoding

/// The recording a command reads, and what it needs to know of it.
struct InputOptions: ParsableArguments {
  @OptionGroup var interpretation: InterpretationOptions

  @Argument(help: "The recording; several files of one recording are one. A directory is a copy of tracefs or of parts of it.")
  var file: [String]

  /// Opens the recording, or ends the program with status 3 and a sentence.
  func open(assumesNoLosses: Bool = false) throws -> Recording { try interpretation.open(file, assumesNoLosses: assumesNoLosses) }
}

/// How a recording is to be read.
struct InterpretationOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What the events in raw ring-buffer pages mean: a copy of /sys/kernel/tracing/events, or a trace.dat of the same kernel.",
      valueName: "directory or file"))
  var formats: String?

  @Option(
    help: ArgumentHelp(
      "The kernel's functions, which perf.data and raw pages do not name: a copy of /proc/kallsyms of the machine that recorded.",
      valueName: "file"))
  var kallsyms: String?

  @Option(help: "Read only the ring buffer (instance) NAME of a trace.dat with several; the top one is called top.")
  var instance: String?

  /// Opens `paths`, or ends the program with status 3 and a sentence.
  func open(_ paths: [String], assumesNoLosses: Bool = false) throws -> Recording {
    try Self.open(paths, formats: formats, kallsyms: kallsyms, instance: instance, assumesNoLosses: assumesNoLosses)
  }

  /// Opens `paths`, or ends the program with status 3 and a sentence.
  static func open(
    _ paths: [String], formats: String? = nil, kallsyms: String? = nil, instance: String? = nil, assumesNoLosses: Bool = false
  ) throws -> Recording {
    do {
      return try Recording(paths: paths, formats: formats, buffer: instance, kallsyms: kallsyms, assumesNoLosses: assumesNoLosses)
    } catch {
      throw Failure.input("\(error)")
    }
  }
}
