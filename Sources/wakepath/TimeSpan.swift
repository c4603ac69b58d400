import ArgumentParser

/// A length of time on the command line: `200us`, `1ms`, `1.5s`; a plain number is seconds.
struct TimeSpan: ExpressibleByArgument {
  let nanoseconds: UInt64

  init?(argument: String) {
    let units: [(String, Double)] = [("ns", 1), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9)]
    let unit = units.first { argument.hasSuffix($0.0) } ?? ("", 1e9)
    guard let number = Double(argument.dropLast(unit.0.count)), number >= 0, number * unit.1 < 9e18 else { return nil }
    nanoseconds = UInt64(number * unit.1)
  }
}
