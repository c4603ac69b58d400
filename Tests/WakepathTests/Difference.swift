/// What differs between two documents of `report --json`, place by place.
struct Difference {
  let form: MatrixRun.Form

  func all(_ found: Any?, _ expected: Any?, _ place: String) -> [String] {
    if let found = found as? [String: Any], let expected = expected as? [String: Any] {
      let keys = Set(found.keys).union(expected.keys).sorted()
      return keys.flatMap { all(found[$0], expected[$0], "\(place).\($0)") }
    }
    if let found = found as? [Any], let expected = expected as? [Any] {
      let (mine, its) = (rows(found, place), rows(expected, place))
      if mine.count == its.count { return zip(mine, its).enumerated().flatMap { all($1.0, $1.1, "\(place)[\($0)]") } }
    }
    if "\(found ?? "null")" == "\(expected ?? "null")" || isWithin(found, expected, place) { return [] }
    return ["\(place): \(found ?? "null") is not \(expected ?? "null")"]
  }

  /// Text may show a wakeup more or another, inferred from order (FormatMatrixTests.asFull says why), and with it other neighbours.
  private static let aroundWakeups: Set<String> = ["transport", "ready", "waking", "running", "read"]

  private func rows(_ rows: [Any], _ place: String) -> [Any] {
    guard form.isText, place == "stages" || place == "deliveredStages" else { return rows }
    return rows.filter { row in
      guard let row = row as? [String: Any], let from = row["from"] as? String, let to = row["to"] as? String else { return true }
      return !Self.aroundWakeups.contains(from) && !Self.aroundWakeups.contains(to)
    }
  }

  /// Whether two numbers or names may differ because of the form.
  private func isWithin(_ found: Any?, _ expected: Any?, _ place: String) -> Bool {
    let key = String(place.split(separator: ".").last ?? "")
    if key == "location", form.isText { return found == nil || "\(found ?? "")" == "<null>" }
    guard form.precision > 1, let found = found as? Int, let expected = expected as? Int else { return false }
    // A duration between two rounded times, put into a class of the histogram, which is a thousandth wide.
    if ["mean", "min", "p50", "p90", "p99", "9", "max"].contains(key) { return abs(found - expected) <= form.precision + expected / 500 }
    // Sums of many such durations.
    return place.contains("Time") || place.contains("timeBy")
      ? abs(found - expected) <= expected / 50 + 2 * form.precision : false
  }
}
