import Bytes
import Decoding
import Glibc

/// Whatever a format says, and whatever the entry behind it, an event is printed in little time and room. Input is the text of a format file,
/// a zero byte, and an entry.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
  _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// The package manager links executables with `main` being this; it hands over to libFuzzer.
@_cdecl("FuzzPrinting_main")
public func fuzzMain(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> CInt {
  var count = count
  var arguments = arguments
  return runDriver(&count, &arguments) { fuzzPrinting($0, $1) }
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzPrinting(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  guard let start, count > 0 else { return 0 }
  let input = [UInt8](UnsafeBufferPointer(start: start, count: count))
  let format = Array(input.prefix { $0 != 0 })
  guard let catalog = FormatCatalog(describing: format, system: "fuzz"), let id = catalog.ids.first else { return 0 }
  // The entry is of the event, whatever it says itself.
  var entry = Array(input.dropFirst(format.count + 1))
  guard entry.count >= 2, let type = UInt16(exactly: id) else { return 0 }
  (entry[0], entry[1]) = (UInt8(type & 0xff), UInt8(type >> 8))
  var line: [UInt8] = []
  catalog.describe(entry.view, time: 0, cpu: 0, into: &line)
  precondition(line.count <= 1 << 18)
  return 0
}
