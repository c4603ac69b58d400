import ArgumentParser

/// A length of time on the command line: `200us`, `1ms`, `1.5s`, `1m`, `2h`; a plain number is seconds.
struct TimeSpan: ExpressibleByArgument {
  /// As it was given.
  let text: String
  let nanoseconds: UInt64

  /// What a unit has of nanoseconds; a unit stands before those that end like it.
  private static let units: [(name: String, nanoseconds: Double)] = [
    ("ns", 1), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("min", 60e9), ("m", 60e9), ("h", 3600e9)
  ]

  init?(argument: String) {
    let unit = Self.units.first { argument.hasSuffix($0.name) } ?? ("", 1e9)
    guard let number = Double(argument.dropLast(unit.name.count)), number >= 0, number * unit.nanoseconds < 9e18 else { return nil }
    text = argument
    nanoseconds = UInt64(number * unit.nanoseconds)
  }
}
