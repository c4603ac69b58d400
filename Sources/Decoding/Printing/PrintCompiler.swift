internal import Bytes

/// Makes steps of a format and its arguments.
enum PrintCompiler {
  /// The steps that print `format`, as it is written between quotes, with `arguments`.
  static func steps(_ format: [UInt8], _ arguments: [Int32], _ parts: inout PrintParts) throws(PrintFormatError) -> [PrintStep] {
    var steps: [PrintStep] = []
    var rest = arguments[...]
    var text: [UInt8] = []
    var at = 0
    while at < format.count {
      if format[at] == UInt8(ascii: "\\") {
        at += 1
        if at < format.count { text.append(escaped(format[at])) }
        at += 1
      } else if format[at] != UInt8(ascii: "%") {
        text.append(format[at])
        at += 1
      } else if at + 1 < format.count, format[at + 1] == UInt8(ascii: "%") {
        text.append(UInt8(ascii: "%"))
        at += 2
      } else {
        let (end, conversion, unknown) = try Conversion.read(format, at)
        if let conversion {
          flush(&text, &steps, &parts)
          steps.append(try step(conversion, &rest, parts))
        } else if unknown != 0 {
          text += [UInt8(ascii: ">"), unknown, UInt8(ascii: "<")]
        }
        at = end
      }
      guard steps.count < PrintParts.mostNodes else { throw PrintFormatError() }
    }
    flush(&text, &steps, &parts)
    return steps
  }

  private static func flush(_ text: inout [UInt8], _ steps: inout [PrintStep], _ parts: inout PrintParts) {
    guard !text.isEmpty else { return }
    let index = parts.add(text: text)
    let place = parts.texts[Int(index)]
    steps.append(PrintStep(kind: .text, a: place.offset, star: place.count))
    text.removeAll(keepingCapacity: true)
  }

  private static func escaped(_ letter: UInt8) -> UInt8 {
    switch letter {
    case UInt8(ascii: "n"): 10
    case UInt8(ascii: "t"): 9
    case UInt8(ascii: "r"): 13
    default: letter
    }
  }

  private static func step(
    _ conversion: Conversion, _ arguments: inout ArraySlice<Int32>, _ parts: PrintParts
  ) throws(PrintFormatError) -> PrintStep {
    let star = conversion.star == .none ? -1 : arguments.popFirst()
    guard let star, let argument = arguments.popFirst() else { throw PrintFormatError() }
    switch conversion.letter {
    case UInt8(ascii: "s"): return PrintStep(kind: .string, a: argument, star: star, conversion: conversion)
    case UInt8(ascii: "c"): return PrintStep(kind: .character, a: argument, star: star, conversion: conversion)
    case UInt8(ascii: "p"): return PrintStep(kind: .pointer, a: argument, star: star, conversion: conversion)
    default: break
    }
    let node = parts.nodes[Int(argument)]
    if node.kind == .field, star < 0 {
      let field = parts.fields[Int(node.a)]
      return PrintStep(kind: .field, a: Int32(clamping: field.offset), star: Int32(clamping: field.size), conversion: conversion)
    }
    return PrintStep(kind: .number, a: argument, star: star, conversion: conversion)
  }
}
