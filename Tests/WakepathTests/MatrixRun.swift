import Foundation
import Support
import Testing

/// One run of the lab that several recorders recorded at once (Lab/matrix.py), and what can be read of it.
struct MatrixRun: CustomTestStringConvertible, Sendable {
  let folder: URL

  static let all = Repository.traces.filter { $0.lastPathComponent.hasSuffix("-matrix") }.map { MatrixRun(folder: $0) }

  var testDescription: String { folder.lastPathComponent }

  /// One form of one recorder's recording, and what it cannot say.
  struct Form: Sendable {
    /// The file; a name that ends with .gz is a text, packed.
    let file: String
    /// Whether it comes through standard input.
    var isPiped = false
    /// The form that holds the same recording in full.
    let full: String
    /// Times are rounded or cut to so many nanoseconds.
    var precision = 1

    var isText: Bool { file.hasSuffix(".gz") }
  }

  static let forms = [
    Form(file: "trace.dat", isPiped: true, full: "trace.dat"),
    Form(file: "report-t.txt.gz", full: "trace.dat"),
    Form(file: "report.txt.gz", full: "trace.dat", precision: 1000),
    Form(file: "perf.data", isPiped: true, full: "perf.data"),
    Form(file: "perf.pipe", isPiped: true, full: "perf.pipe"),
    Form(file: "script-ns.txt.gz", full: "perf.data"),
    Form(file: "script.txt.gz", full: "perf.data", precision: 1000),
    Form(file: "script-pipe.txt.gz", full: "perf.pipe", precision: 1000)
  ]

  func path(_ file: String) -> String { folder.appendingPathComponent(file).path }

  /// What `file` holds, unpacked.
  func contents(_ file: String) throws -> Data {
    guard file.hasSuffix(".gz") else { return try Data(contentsOf: folder.appendingPathComponent(file)) }
    return try Tool.run("gunzip", ["-c", path(file)]).output
  }

  func journeys(_ form: Form) throws -> [JourneyRow] {
    form.isText || form.isPiped ? try JourneyRow.read("-", input: contents(form.file)) : try journeys(form.file)
  }

  func journeys(_ file: String) throws -> [JourneyRow] { try JourneyRow.read(path(file)) }

  /// The document of `report --json`.
  func report(_ form: Form) throws -> [String: Any] {
    try Self.report(form.isText || form.isPiped ? "-" : path(form.file), input: form.isText || form.isPiped ? contents(form.file) : nil)
  }

  func report(_ file: String) throws -> [String: Any] { try Self.report(path(file), input: nil) }

  private static func report(_ path: String, input: Data?) throws -> [String: Any] {
    let result = try Tool.wakepath("report", "--json", path, input: input)
    guard result.status == 0, let document = try JSONSerialization.jsonObject(with: result.output) as? [String: Any]
    else { throw JourneyRow.Failed(text: "report \(path) ended with \(result.status): \(result.errors)") }
    return document
  }
}
