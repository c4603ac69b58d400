internal import Bytes

extension PrintProgram {
  /// The bits of a dynamic field, which is an array of longs.
  func mask(_ node: PrintNode, _ layout: StringLayout, _ entry: RawSpan, _ limit: Int, _ line: inout TextBuffer) {
    let place = place(ofField: fields[Int(node.a)], entry)
    let mask = entry.slice(place.offset, place.count)
    let start = line.count
    if node.kind == .bitmask { bitmask(mask, limit, &line) } else { ranges(mask, limit, &line) }
    guard layout.width > 0 || layout.precision >= 0 else { return }
    let text = line.bytes.slice(start, line.count - start).array
    line.truncate(to: start)
    line.append(string: text.view, layout)
  }

  private func byte(_ mask: RawSpan, _ index: Int) -> UInt8 { mask.byte(at: order == .big ? mask.byteCount - index - 1 : index) ?? 0 }

  /// `00000000,0000000f`: the highest bits first, a comma every 32.
  private func bitmask(_ mask: RawSpan, _ limit: Int, _ line: inout TextBuffer) {
    for index in (0..<mask.byteCount).reversed() where line.count < limit {
      line.appendDigits(UInt64(byte(mask, index)), bits: 4, digits: 2)
      if index > 0, index % 4 == 0 { line.append(UInt8(ascii: ",")) }
    }
  }

  /// `0-3,7`.
  private func ranges(_ mask: RawSpan, _ limit: Int, _ line: inout TextBuffer) {
    func isSet(_ bit: Int) -> Bool { byte(mask, bit / 8) & (1 << UInt8(bit % 8)) != 0 }
    let bits = mask.byteCount * 8
    var bit = 0
    var isFirst = true
    while bit < bits, line.count < limit {
      guard isSet(bit) else {
        bit += 1
        continue
      }
      let start = bit
      while bit < bits, isSet(bit) { bit += 1 }
      if !isFirst { line.append(UInt8(ascii: ",")) }
      isFirst = false
      line.appendDecimal(UInt64(start))
      if bit - 1 > start {
        line.append(UInt8(ascii: "-"))
        line.appendDecimal(UInt64(bit - 1))
      }
    }
  }
}
