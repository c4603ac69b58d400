extension DoctorReport {
  /// Writes `rows` as JSON.
  public static func writeJSON(_ rows: [Row], to output: inout TextOutput) {
    output.json { json in
      json.object { json in
        json.array("checks", rows) { json, row in
          json.object { json in
            json.field("area", row.area)
            json.field("name", row.name)
            json.field("state", row.state)
            json.field("found", row.found)
            json.field("cost", row.cost)
            json.field("essential", row.isEssential)
          }
        }
      }
    }
    output.flush()
  }
}
