/// How much a diagnostic takes from the answer.
public enum Severity: Int, Sendable, Comparable {
  /// Worth knowing; the answer is whole.
  case notice
  /// Part of what happened is not in the answer.
  case dataLoss
  /// The input breaks a rule of its format.
  case damage

  /// Whether `a` is less grave.
  public static func < (a: Severity, b: Severity) -> Bool { a.rawValue < b.rawValue }
}

/// Whose fault a diagnostic is.
public enum Blame: String, Sendable {
  /// The recorder or the kernel lost it.
  case recorder
  /// The file was damaged or cut short after recording.
  case file
  /// The recording is sound, but we could not tell.
  case analysis
}

/// Everything that can be wrong with an input, one case for each broken rule.
public enum DiagnosticKind: String, Sendable, CaseIterable {
  case lostEvents
  case fileTooShort
  case pageCutShort
  case pageCommitTooLong
  case pageZeroTime
  case eventTooLong
  case eventZeroLength
  case chunkDamaged
  case recordDamaged
  case sampleTooShort
  case formatsMissing
  case otherSamples
  case recordsOutOfOrder
  case formatDamaged
  case printFormatDamaged
  case unknownEvent
  case eventShorterThanFormat
  case sectionDamaged
  case lineNotUnderstood
  case tooManyInFlight
  case otherClock
  case functionRecords
  case clockIsCounter
  case linesOutOfOrder

  /// The row of the table of diagnostics: severity, blame and one sentence of help.
  public var entry: (severity: Severity, blame: Blame, help: String) {
    switch self {
    case .lostEvents:
      (.dataLoss, .recorder, "the kernel's ring buffer overran before it was read; record with a larger --buffer")
    case .fileTooShort:
      (.damage, .file, "the file ends before the data its header promises; it was cut short or is still being written")
    case .pageCutShort:
      (.damage, .file, "the last ring-buffer page of a CPU is not all there")
    case .pageCommitTooLong:
      (.damage, .file, "a ring-buffer page claims more data than a page holds; the page is passed over")
    case .pageZeroTime:
      (.damage, .file, "a ring-buffer page has no time; it was zeroed and is passed over")
    case .eventTooLong:
      (.damage, .file, "an event reaches past the end of its ring-buffer page; the rest of the page is passed over")
    case .eventZeroLength:
      (.damage, .file, "an event of no length; the rest of its ring-buffer page is passed over")
    case .chunkDamaged:
      (.damage, .file, "compressed data cannot be unpacked and are passed over")
    case .recordDamaged:
      (.damage, .file, "a record of perf.data has a size or type that cannot be; reading goes on at the next one that makes sense")
    case .sampleTooShort:
      (.damage, .file, "a sample of perf.data is shorter than its event's attributes say; it is passed over")
    case .formatsMissing:
      (
        .damage, .file,
        "perf writes the formats of events at its very end, and without them no event can be decoded; record with `-o -` what may be cut short"
      )
    case .otherSamples:
      (.notice, .recorder, "samples of events that are no tracepoints (cycles, software events) are passed over")
    case .recordsOutOfOrder:
      (.dataLoss, .recorder, "records come when later ones have gone already; they are passed over")
    case .formatDamaged:
      (.damage, .file, "an event's format text cannot be parsed; its events are passed over")
    case .printFormatDamaged:
      (.damage, .file, "an event's print format makes no sense; the event is printed by its fields")
    case .unknownEvent:
      (.notice, .file, "events whose format is not in the recording are passed over")
    case .eventShorterThanFormat:
      (.damage, .file, "an event is shorter than its format says; it is passed over")
    case .sectionDamaged:
      (.damage, .file, "a section of the file's header cannot be read; what it holds is missing")
    case .lineNotUnderstood:
      (.damage, .file, "a line of text is no trace line; it is passed over")
    case .otherClock:
      (
        .dataLoss, .recorder,
        "a ring buffer has another clock than the first, so that its events cannot be placed among the others; they are passed over"
      )
    case .functionRecords:
      (.notice, .analysis, "records of the function tracers are passed over, but for those that mark a step")
    case .clockIsCounter:
      (.dataLoss, .recorder, "the clock does not count nanoseconds: read every time below as so many counts; record with the clock mono")
    case .linesOutOfOrder:
      (
        .dataLoss, .file,
        "lines go back in time from one CPU to another, so that texts of several CPUs may stand one behind the other; give each as a file of its own"
      )
    case .tooManyInFlight:
      (.dataLoss, .analysis, "more packets were in flight at once than we keep; the oldest were closed as unknown")
    }
  }
}

/// One kind of trouble in one file: where it first showed, and how often.
public struct Diagnostic: Sendable {
  /// Which rule was broken.
  public let kind: DiagnosticKind
  /// The file it is in.
  public let path: String
  /// Where it first showed, in bytes from the start of the file; nil where there is no place.
  public let offset: Int?
  /// What exactly was seen there.
  public let detail: String
  /// How often it was seen.
  public internal(set) var count = 1
}

/// The table of what went wrong while reading; bounded by kinds and files, however damaged the input is.
public struct Diagnostics: Sendable {
  /// One row for each kind and file, in the order of first appearance.
  public private(set) var rows: [Diagnostic] = []

  /// A table without rows.
  public init() {}

  /// Counts one more of `kind` in `path`; the first one keeps its place and detail.
  public mutating func add(_ kind: DiagnosticKind, path: String, offset: Int? = nil, _ detail: String = "") {
    if let row = rows.firstIndex(where: { $0.kind == kind && $0.path == path }) {
      // A file ends once, however many readers of it notice.
      if kind != .fileTooShort { rows[row].count += 1 }
    } else {
      rows.append(Diagnostic(kind: kind, path: path, offset: offset, detail: detail))
    }
  }

  /// Takes in what `other` has.
  mutating func add(_ other: Diagnostics) {
    for row in other.rows {
      let known = rows.firstIndex { $0.kind == row.kind && $0.path == row.path }
      if let known { rows[known].count += row.kind == .fileTooShort ? 0 : row.count } else { rows.append(row) }
    }
  }

  /// The gravest severity seen, or nil if nothing is wrong.
  public var worst: Severity? { rows.map(\.kind.entry.severity).max() }

  /// Whether the input breaks a rule of its format, which makes the exit status 3.
  public var hasDamage: Bool { worst == .damage }
}
