import ArgumentParser

/// The words of the command line, put in the order that the parser expects.
enum CommandWords {
  /// Options that every subcommand has, and whether a value follows them.
  private static let common: [String: Bool] = ["--json": false, "--quiet": false, "--verbose": false, "--color": true, "--jobs": true]

  /// `words` with the options that stand before the subcommand put behind it: `--json report FILE` is `report --json FILE`.
  static func arranged(_ words: [String], subcommands: [String]) throws -> [String] {
    var rest = words[...]
    var options: [String] = []
    while let word = rest.first, let takesValue = common[String(word.prefix { $0 != "=" })] {
      let count = takesValue && !word.contains("=") ? 2 : 1
      options += rest.prefix(count)
      rest = rest.dropFirst(count)
    }
    guard let command = rest.first else { return words }
    guard command.hasPrefix("-") || command == "help" || subcommands.contains(command) else {
      throw ValidationError(complaint(about: command, subcommands))
    }
    if options.isEmpty || command.hasPrefix("-") { return words }
    return [command] + options + rest.dropFirst()
  }

  private static func complaint(about word: String, _ subcommands: [String]) -> String {
    let near = subcommands.map { (name: $0, distance: distance(word, $0)) }.min { $0.distance < $1.distance }
    guard let near, near.distance <= 2 else { return "There is no command '\(word)'." }
    return "There is no command '\(word)'; did you mean '\(near.name)'?"
  }

  /// How many letters must be put in, taken out, changed, or swapped with the next to make `b` of `a`.
  static func distance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a.utf8), Array(b.utf8))
    var rows = [Array(0...b.count)]
    for i in 0..<min(a.count, 64) {
      var row = [i + 1]
      for j in b.indices {
        var least = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { least = min(least, rows[i - 1][j - 1] + 1) }
        row.append(least)
      }
      rows.append(row)
    }
    return rows[rows.count - 1][b.count]
  }
}
