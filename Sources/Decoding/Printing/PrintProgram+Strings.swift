internal import Bytes

extension PrintProgram {
  /// Appends part `index` as a string, laid out by `layout`; not much more than `limit` bytes in all.
  func string(
    _ index: Int32, _ layout: StringLayout, _ entry: RawSpan, _ printing: PrintNames, _ arguments: borrowing BinaryArguments, _ limit: Int,
    _ line: inout TextBuffer
  ) {
    let node = nodes[Int(index)]
    switch node.kind {
    case .text: append(safe: node.a, layout, &line)
    case .name: append(safe: node.a, layout, &line)
    case .string:
      let place = place(ofField: fields[Int(node.a)], entry)
      if place.count > 0 { line.append(string: entry.slice(place.offset, entry.byteCount - place.offset), layout) }
    case .field: string(ofField: fields[Int(node.a)], layout, entry, printing, &line)
    case .symbol: symbol(node, value(node.a, entry, printing, arguments), layout, &line)
    case .flags: flags(node, value(node.a, entry, printing, arguments), layout, limit, &line)
    case .conditional:
      let chosen = value(node.a, entry, printing, arguments) != 0 ? node.b : node.c
      string(chosen, layout, entry, printing, arguments, limit, &line)
    case .hex:
      let count = value(node.b, entry, printing, arguments) & 0xffff_ffff
      hexadecimal(fields[Int(node.a)], count, isSeparated: node.c != 0, entry, limit, &line)
    case .array:
      let size = value(node.c, entry, printing, arguments)
      let field = fields[Int(node.a)]
      let all = size == 0 ? 0 : UInt64(place(ofField: field, entry).count) / size
      array(field, node.b < 0 ? all : value(node.b, entry, printing, arguments) & 0xffff_ffff, size, entry, limit, &line)
    case .bitmask, .cpumask: mask(node, layout, entry, limit, &line)
    case .function: function(node, entry, printing, arguments, &line)
    case .argument: line.append(string: arguments.text(Int(node.a), entry), layout)
    case .cast, .number, .unary, .binary, .element, .dynamicArray, .dynamicLength: break
    }
  }

  /// Appends text `index`, in which nothing needs to be escaped.
  private func append(safe index: Int32, _ layout: StringLayout, _ line: inout TextBuffer) {
    let text = texts[Int(index)]
    let length = layout.precision >= 0 ? min(Int(text.count), layout.precision) : Int(text.count)
    if !layout.isLeft { line.append(32, times: layout.width - length) }
    line.append(bytes, from: Int(text.offset), count: length)
    if layout.isLeft { line.append(32, times: layout.width - length) }
  }

  /// A field's characters, or, where it is as long as an address, the format of a trace_printk that it points to.
  private func string(ofField field: PrintField, _ layout: StringLayout, _ entry: RawSpan, _ printing: PrintNames, _ line: inout TextBuffer) {
    guard !field.isArray, field.size == longSize else {
      let count = field.size > 0 ? field.size : entry.byteCount - field.offset
      return line.append(string: entry.slice(field.offset, min(count, entry.byteCount - field.offset)), layout)
    }
    let address = value(ofField: field, entry)
    if let format = printing.printkFormat(at: address) { line.appendEscaped(format.view) } else { line.appendDigits(address, bits: 4) }
  }

  private func symbol(_ node: PrintNode, _ value: UInt64, _ layout: StringLayout, _ line: inout TextBuffer) {
    let table = tables[Int(node.b)]
    let wanted = Int64(bitPattern: value)
    var (low, high) = (table.lowerBound, table.upperBound)
    while low < high {
      let middle = (low &+ high) / 2
      if names[middle].value < wanted { low = middle &+ 1 } else { high = middle }
    }
    if low < table.upperBound, names[low].value == wanted { return append(safe: names[low].text, layout, &line) }
    line.append("0x")
    line.appendDigits(value, bits: 4)
  }

  private func flags(_ node: PrintNode, _ value: UInt64, _ layout: StringLayout, _ limit: Int, _ line: inout TextBuffer) {
    var rest = value
    var isFirst = true
    for index in tables[Int(node.b)] {
      let name = names[index]
      if rest == 0, name.value < 0 { return append(safe: name.text, layout, &line) }
      let bits = UInt64(bitPattern: name.value)
      guard name.value > 0, rest & bits == bits else { continue }
      if !isFirst { append(text: node.c, to: &line) }
      append(safe: name.text, layout, &line)
      isFirst = false
      rest &= ~bits
      if line.count > limit { return }
    }
    guard rest != 0 else { return }
    if !isFirst { append(text: node.c, to: &line) }
    line.append("0x")
    line.appendDigits(rest, bits: 4)
  }

  private func hexadecimal(
    _ field: PrintField, _ count: UInt64, isSeparated: Bool, _ entry: RawSpan, _ limit: Int, _ line: inout TextBuffer
  ) {
    let start = field.isDynamic ? place(ofField: field, entry).offset : field.offset
    let bytes = entry.slice(start, min(Int(count), max(entry.byteCount - start, 0)))
    for index in 0..<bytes.byteCount where line.count < limit {
      if isSeparated, index > 0 { line.append(32) }
      line.appendDigits(UInt64(bytes.byte(at: index) ?? 0), bits: 4, digits: 2)
    }
  }

  private func array(_ field: PrintField, _ count: UInt64, _ size: UInt64, _ entry: RawSpan, _ limit: Int, _ line: inout TextBuffer) {
    var at = field.isDynamic ? place(ofField: field, entry).offset : field.offset
    let isKnown = [1, 2, 4, 8].contains(size)
    let step = isKnown ? Int(size) : 1
    for index in 0..<count where line.count < limit {
      guard let number = entry.unsigned(at: at, size: step, order) else { return }
      if index > 0 { line.append(32) }
      if isKnown {
        line.appendDecimal(number)
      } else {
        line.append("BAD SIZE:")
        line.append(number: size, Conversion(letter: UInt8(ascii: "d")), count: 0)
        line.append(" 0x")
        line.appendDigits(number, bits: 4)
      }
      at += step
    }
  }
}
