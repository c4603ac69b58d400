import Foundation
import Support

/// A line of `wakepath packets --json`, field by field.
struct JourneyRow: Decodable, Equatable {
  struct Flow: Decodable, Equatable {
    var from: String
    var to: String
  }
  struct Task: Decodable, Equatable {
    var pid: Int
    var comm: String?
  }
  struct Bytes: Decodable, Equatable {
    var from: Int
    var to: Int
  }
  struct Mark: Decodable, Equatable {
    var stage: String
    var time: Int
    var cpu: Int
    var context: String
    var evidence: String
    var link: String

    /// 0 for the surest.
    var weakness: Int { ["exact", "ordered", "inferred"].firstIndex(of: link) ?? -1 }
  }

  var id: Int
  var direction: String
  var device: String?
  var skb: String
  var length: Int
  var frames: Int
  var `protocol`: String?
  var flow: Flow?
  var socket: String?
  var outcome: String
  var reason: String?
  var location: String?
  var completeness: String
  var reader: Task?
  var woke: Task?
  var sender: Task?
  var follows: Int?
  var stream: Bytes?
  var stages: [Mark]

  /// The times of the first and last stage seen.
  var begin: Int { stages.first?.time ?? 0 }
  var end: Int { stages.last?.time ?? 0 }

  func mark(_ stage: String) -> Mark? { stages.first { $0.stage == stage } }

  /// The journeys in the recording `path`, or in `input` where that is `-`.
  static func read(_ path: String, options: [String] = [], input: Data? = nil) throws -> [JourneyRow] {
    let result = try Tool.run(Repository.wakepath, ["packets", "--json"] + options + [path], input: input)
    guard result.status == 0 else { throw Failed(text: "packets \(path) ended with \(result.status): \(result.errors)") }
    return try result.lines.filter { !$0.isEmpty }.map { try JSONDecoder().decode(JourneyRow.self, from: Data($0.utf8)) }
  }

  struct Failed: Error { var text: String }

  /// In words, the first field that is not as in `other`; nil if none.
  func difference(from other: JourneyRow) -> String? {
    if self == other { return nil }
    let fields = zip(Mirror(reflecting: self).children, Mirror(reflecting: other).children)
    let field = fields.first { "\($0.value)" != "\($1.value)" }
    return "packet \(id) \(field?.0.label ?? "?"): \(field?.0.value ?? "?") is not \(field?.1.value ?? "?")"
  }
}
