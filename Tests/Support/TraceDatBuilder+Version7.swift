internal import Foundation

/// Version 7: sections that options name.
extension TraceDatBuilder {
  /// Section and option ids of `trace-cmd.dat.v7(5)`.
  private enum Section {
    static let options: UInt16 = 0
    static let buffer: UInt16 = 3
    static let cpuCount: UInt16 = 8
    static let headerInfo: UInt16 = 16
    static let ftraceEvents: UInt16 = 17
    static let eventFormats: UInt16 = 18
    static let kallsyms: UInt16 = 19
    static let printk: UInt16 = 20
    static let commandLines: UInt16 = 21
  }

  private func option(_ id: UInt16, _ data: Data) -> Data { bytes(id) + bytes(UInt32(data.count)) + data }

  private func section(_ id: UInt16, _ body: Data, isPacked: Bool = false) -> Data {
    let packed = Zstd.pack(body)
    let content = isPacked ? bytes(UInt32(packed.count)) + bytes(UInt32(body.count)) + packed : body
    return bytes(id) + bytes(UInt16(isPacked ? 1 : 0)) + bytes(UInt32(0)) + bytes(UInt64(content.count)) + content
  }

  func layOut7() -> (file: Data, pages: [Range<Int>]) {
    var file = magic + Data((isCompressed ? "zstd\01.5.4\0" : "none\0\0").utf8)
    let pointer = file.count
    file += bytes(UInt64(0))
    var list = Data()
    for (id, body) in [
      (Section.headerInfo, headerInfo), (Section.ftraceEvents, ftraceEvents), (Section.eventFormats, eventFormats),
      (Section.kallsyms, text32(kallsyms)), (Section.printk, text32("")), (Section.commandLines, text64(commandLines))
    ] {
      list += option(id, bytes(UInt64(file.count)))
      file += section(id, body, isPacked: isCompressed)
    }
    for (id, data) in options { list += option(id, data) }
    list += option(Section.cpuCount, bytes(UInt32(cpus.count)))
    // Recorders write the first options before the data and those of the buffers behind them.
    file.replaceSubrange(pointer..<pointer + 8, with: bytes(UInt64(file.count)))
    let next = file.count + 16 + list.count + 6
    list += option(Section.options, bytes(UInt64(0)))
    file += section(Section.options, list)
    var pages: [Range<Int>] = []
    var buffers = Data()
    for buffer in [Instance(name: "", clock: clock, cpus: cpus)] + instances { buffers += append(buffer, to: &file, &pages) }
    file.replaceSubrange(next..<next + 8, with: bytes(UInt64(file.count)))
    buffers += option(Section.options, bytes(UInt64(0)))
    return (file + section(Section.options, buffers), pages)
  }

  /// Appends the section with the pages of `buffer`; the result is the option that names it.
  private func append(_ buffer: Instance, to file: inout Data, _ pages: inout [Range<Int>]) -> Data {
    let place = file.count
    file += bytes(Section.buffer) + bytes(UInt16(isCompressed ? 1 : 0)) + bytes(UInt32(0)) + bytes(UInt64(0))
    file += Data(count: (pageSize - file.count % pageSize) % pageSize)
    var table = bytes(UInt64(place)) + Data("\(buffer.name)\0\(buffer.clock)\0".utf8) + bytes(UInt32(pageSize)) + bytes(UInt32(buffer.cpus.count))
    for (cpu, contents) in buffer.cpus.enumerated() {
      let start = file.count
      if isCompressed {
        file += bytes(UInt32(contents.count))
        for page in contents {
          let packed = Zstd.pack(page)
          pages.append(file.count..<file.count + 8 + packed.count)
          file += bytes(UInt32(packed.count)) + bytes(UInt32(page.count)) + packed
        }
      } else {
        for page in contents {
          pages.append(file.count..<file.count + page.count)
          file += page
        }
      }
      table += bytes(UInt32(cpu)) + bytes(UInt64(start)) + bytes(UInt64(file.count - start))
      file += Data(count: (pageSize - file.count % pageSize) % pageSize)
    }
    file.replaceSubrange(place + 8..<place + 16, with: bytes(UInt64(file.count - place - 16)))
    return option(Section.buffer, table)
  }
}
