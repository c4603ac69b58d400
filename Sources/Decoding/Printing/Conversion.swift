/// A conversion of printf: `%-08.3lx`.
struct Conversion: BitwiseCopyable {
  /// What an argument gives.
  enum Star: UInt8 { case none, width, precision }

  var isLeft = false
  var isPadded = false
  var isAlternate = false
  var width: Int32 = 0
  /// How many digits at least or characters at most, or -1.
  var precision: Int32 = -1
  /// What the argument before says.
  var star = Star.none
  /// -2 for `hh`, -1 for `h`, 0, 1 for `l`, 2 for `ll`.
  var size: Int8 = 0
  /// The letter in the end.
  var letter: UInt8 = 0
  /// Letters behind `p`: which kind of address, and how.
  var suffix: (UInt8, UInt8, UInt8, UInt8) = (0, 0, 0, 0)

  /// The widest that is printed. Kernels' widths have two digits; what a file says beyond is damage or malice.
  static let widest: Int32 = 1024

  /// Nothing but the letter.
  var isSimple: Bool { width == 0 && precision < 0 && star == .none && !isAlternate }

  /// How wide it is where an argument says `count`, and how precise; arguments below zero say nothing.
  func resolved(_ count: UInt64) -> (width: Int, precision: Int) {
    let count = Int32(truncatingIfNeeded: count)
    switch star {
    case .none: return (Int(width), Int(precision))
    case .width: return (Int(min(max(count, 0), Self.widest)), Int(precision))
    // What a precision leaves of a string is bounded by the string.
    case .precision: return (Int(width), count < 0 ? -1 : Int(count))
    }
  }

  /// Where the conversion in `format` that begins with the `%` at `start` ends, and what it is; nil where it is none that libtraceevent knows,
  /// which prints its letter,
  /// `unknown`, as `>x<`.
  static func read(_ format: [UInt8], _ start: Int) throws(PrintFormatError) -> (end: Int, conversion: Conversion?, unknown: UInt8) {
    var conversion = Conversion()
    var at = start + 1
    func next() -> UInt8 { at < format.count ? format[at] : 0 }
    while let flag = [UInt8(ascii: "-"), UInt8(ascii: "0"), UInt8(ascii: "#")].first(where: { $0 == next() }) {
      conversion.isLeft = conversion.isLeft || flag == UInt8(ascii: "-")
      conversion.isPadded = conversion.isPadded || flag == UInt8(ascii: "0")
      conversion.isAlternate = conversion.isAlternate || flag == UInt8(ascii: "#")
      at += 1
    }
    func digits() -> Int32 {
      var value: Int32 = 0
      while CNumber.isDigit(next()) {
        value = min(value * 10 + Int32(next() - 48), widest)
        at += 1
      }
      return value
    }
    if next() == UInt8(ascii: "*") {
      conversion.star = .width
      at += 1
    } else {
      conversion.width = digits()
    }
    if next() == UInt8(ascii: ".") {
      at += 1
      if next() == UInt8(ascii: "*") {
        guard conversion.star == .none else { throw PrintFormatError() }
        conversion.star = .precision
        at += 1
      } else {
        conversion.precision = digits()
      }
    }
    sizes: while true {
      switch next() {
      case UInt8(ascii: "h"): conversion.size -= 1
      case UInt8(ascii: "l"): conversion.size += 1
      case UInt8(ascii: "L"): conversion.size = 2
      case UInt8(ascii: "z"), UInt8(ascii: "Z"): conversion.size = 1
      default: break sizes
      }
      guard (-2...2).contains(conversion.size) else { throw PrintFormatError() }
      at += 1
    }
    conversion.letter = next()
    guard at < format.count else { return (at, nil, 0) }
    at += 1
    switch conversion.letter {
    case UInt8(ascii: "d"), UInt8(ascii: "i"), UInt8(ascii: "u"), UInt8(ascii: "x"), UInt8(ascii: "X"), UInt8(ascii: "o"), UInt8(ascii: "s"),
      UInt8(ascii: "c"):
      return (at, conversion, 0)
    case UInt8(ascii: "p"):
      let length = pointerLength(format, at)
      let suffix = format[at..<min(at + length, format.count)] + [0, 0, 0, 0]
      let first = suffix.startIndex
      conversion.suffix = (suffix[first], suffix[first + 1], suffix[first + 2], suffix[first + 3])
      return (at + length, conversion, 0)
    default: return (at, nil, conversion.letter)
    }
  }

  /// How many letters behind the `p` before `start` belong to it.
  private static func pointerLength(_ format: [UInt8], _ start: Int) -> Int {
    func letter(_ index: Int) -> UInt8 { start + index < format.count ? format[start + index] : 0 }
    func has(_ index: Int, _ letters: String) -> Bool { letters.utf8.contains(letter(index)) }
    if has(0, "FSfs") { return 1 }
    if has(0, "Mm") { return has(1, "RF") ? 2 : 1 }
    if has(0, "U") { return has(1, "LlBb") ? 2 : 1 }
    if has(0, "h") { return has(1, "CDN") ? 2 : 1 }
    guard has(0, "Ii") else { return 0 }
    guard has(1, "4S6") else { return 1 }
    var length = 2
    if letter(1) == UInt8(ascii: "S") { while has(length, "pfs") { length += 1 } }
    if letter(1) != UInt8(ascii: "6"), has(length, "hnlb") { length += 1 }
    if letter(1) != UInt8(ascii: "4"), has(length, "c") { length += 1 }
    return length
  }
}

/// One step of printing an event.
struct PrintStep: BitwiseCopyable {
  enum Kind: UInt8 {
    /// The `star` bytes of text from `a` on.
    case text
    /// Part `a` as a number.
    case number
    /// The field of `star` bytes at `a` as a number.
    case field
    /// Part `a` as a string.
    case string
    /// Part `a` as a character.
    case character
    /// Part `a` as an address, or what stands there.
    case pointer
  }

  let kind: Kind
  let a: Int32
  /// The part that gives the conversion's width or precision, or -1; for texts and fields a number of bytes.
  var star: Int32 = -1
  var conversion = Conversion()
}
