internal import Decoding

/// What numbers in events are called.
extension EventStream {
  /// The names of the numbers that kfree_skb gives as reasons, which differ from kernel to kernel.
  static func dropReasons(_ catalogs: [FormatCatalog]) -> [Int32: String] {
    var names: [Int32: String] = [:]
    for catalog in catalogs {
      guard let format = catalog.format(system: "skb", name: "kfree_skb") else { continue }
      for (number, name) in catalog.symbols(ofField: "reason", in: format) { names[Int32(truncatingIfNeeded: number)] = name }
    }
    return names
  }

  /// The name of drop reason `number`, which differs from kernel to kernel and is taken from the event's own print format;
  /// nil where the kernel gave no reason.
  public func dropReason(_ number: Int32) -> String? {
    guard number >= 0 else { return nil }
    return (recording.info.isText ? names[number: number] : dropReasons[number]) ?? String(number)
  }

  /// The name of kernel code at `address`.
  public func symbol(at address: UInt64) -> String? {
    if recording.info.isText { return Int32(exactly: address).flatMap { names[number: $0] } }
    return recording.formats.lazy.compactMap { $0.symbol(at: address)?.name }.first
  }

  /// The name the recording's own table has for task `pid`.
  public func comm(_ pid: Int32) -> String? {
    recording.comm(pid) ?? recording.formats.lazy.map { $0.comm(pid) }.first { $0 != "<...>" } ?? text.comm(pid).map { names[$0] }
  }
}
