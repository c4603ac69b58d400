import Decoding
import Foundation
import Support
import Testing

@testable import Events

@Suite("A tracepoint's declaration")
struct TracepointTests {
  /// What a field of the kernel holds in the record that is built of a declaration.
  private struct Content {
    var name: String
    var size: Int
    var number: Int64
    /// Whether it is the place of the string behind the fields.
    var isString: Bool
  }

  /// The plain fields of `tracepoint`, each with another number, in the reverse of their order: where a field lies must not matter.
  private static func contents(_ tracepoint: Tracepoint) -> [Content] {
    let fields = tracepoint.fields.filter { $0.form == .plain }
    return fields.enumerated().reversed().map { index, field in
      let isAddress = ["napi", "location", "sock_cookie"].contains(field.name) || field.name.hasSuffix("addr") || field.name == "sk"
      return Content(
        name: field.name, size: isAddress ? 8 : 4, number: field.name == "dir" ? 2 : 100 + 7 * Int64(index), isString: field.slot == .name)
    }
  }

  private static func format(_ contents: [Content], _ tracepoint: Tracepoint, id: Int) -> String {
    var offset = 8
    var text = """
      name: \(tracepoint.name)
      ID: \(id)
      format:
      \tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
      \tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;
      \tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;
      \tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;


      """
    for content in contents {
      let type = content.isString ? "__data_loc char[]" : content.size == 8 ? "u64" : "int"
      text += "\tfield:\(type) \(content.name);\toffset:\(offset);\tsize:\(content.size);\tsigned:\(type == "int" ? 1 : 0);\n"
      offset += content.size
    }
    return text + "\nprint fmt: \"x\"\n"
  }

  private static func record(_ contents: [Content], id: Int, _ b: TraceDatBuilder) -> Data {
    let string = Data("a name\0".utf8)
    let end = 8 + contents.reduce(0) { $0 + $1.size }
    var data = b.bytes(UInt16(id)) + Data([0x10, 0]) + b.bytes(Int32(9))
    for content in contents {
      if content.isString {
        data += b.bytes(UInt32(end | string.count << 16))
      } else {
        data += content.size == 8 ? b.bytes(content.number) : b.bytes(Int32(content.number))
      }
    }
    return data + string
  }

  /// Those whose values stand in fields of their own; addresses, ports and headers have tests of their own (TextOracleTests, PacketHeaderTests).
  private static let plain = EventKind.allCases.filter { $0.tracepoint.fields.allSatisfy { $0.slot != nil && $0.form == .plain } }
  private static let partly = EventKind.allCases.filter { $0.tracepoint.fields.contains { $0.form != .plain } && $0.tracepoint.fields.count > 1 }

  @Test("decides where each value of a record is found", arguments: plain + partly, [false, true])
  func recordIsRead(kind: EventKind, isBigEndian: Bool) throws {
    let tracepoint = kind.tracepoint
    let contents = Self.contents(tracepoint)
    var b = TraceDatBuilder()
    b.isBigEndian = isBigEndian
    b.formats = [(tracepoint.system, [Self.format(contents, tracepoint, id: 300)])]
    b.cpus = [[b.page(time: 100, [b.entry(delta: 1, Self.record(contents, id: 300, b))])]]
    let folder = try Repository.temporaryDirectory()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("trace.dat")
    try b.build().write(to: path)
    var stream = EventStream(try Recording(paths: [path.path]))
    let next = stream.next()
    let event = try #require(next)
    #expect(event.kind == tracepoint.kind && event.pid == 9 && event.flags == .softirq)
    let values = EventValues.values(of: event)
    for content in contents where !content.isString { #expect(values[content.name] == content.number, "\(content.name)") }
    if contents.contains(where: \.isString) { #expect(stream.names[event.name] == "a name") }
    // What the views tell is what is declared, and nothing else.
    #expect(Set(values.keys) == Set(tracepoint.fields.map(\.name)))
  }

  @Test("stands for what the kernel does not say", arguments: EventKind.allCases.filter { $0.tracepoint.fields.contains { $0.since != nil } })
  func laterFieldsMayBeMissing(kind: EventKind) throws {
    let tracepoint = kind.tracepoint
    let contents = Self.contents(tracepoint).filter { content in tracepoint.fields.contains { $0.name == content.name && $0.since == nil } }
    var b = TraceDatBuilder()
    b.formats = [(tracepoint.system, [Self.format(contents, tracepoint, id: 300)])]
    b.cpus = [[b.page(time: 100, [b.entry(delta: 1, Self.record(contents, id: 300, b))])]]
    let folder = try Repository.temporaryDirectory()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("trace.dat")
    try b.build().write(to: path)
    var stream = EventStream(try Recording(paths: [path.path]))
    let next = stream.next()
    let values = EventValues.values(of: try #require(next))
    for field in tracepoint.fields where field.since != nil { #expect(values[field.name] == field.absent, "\(field.name)") }
    for content in contents where !content.isString { #expect(values[content.name] == content.number, "\(content.name)") }
  }

  @Test("is there once, with one place for each value")
  func declarationsAreSound() {
    let all = EventKind.allCases.map(\.tracepoint)
    #expect(Set(all.map { "\($0.system):\($0.name)" }).count == all.count)
    for tracepoint in all {
      let slots = tracepoint.fields.compactMap(\.slot)
      #expect(Set(slots).count == slots.count, "\(tracepoint.name): two values share a slot")
      #expect(Set(tracepoint.kernelFields).count == tracepoint.kernelFields.count, "\(tracepoint.name)")
      #expect(!tracepoint.need.isEmpty && !tracepoint.cost.isEmpty && !tracepoint.need.hasSuffix("."))
    }
    #expect(all.filter(\.isEssential).map(\.name) == ["netif_receive_skb"])
  }

  @Test("tells a kind that is no other's, but for those that tell the same")
  func kindsHaveTheirTracepoint() {
    let told = Dictionary(grouping: EventKind.allCases) { $0.tracepoint.kind }
    let shared = told.values.filter { $0.count > 1 }
    #expect(
      Set(shared) == [
        [.groReceiveEntry, .groFragsEntry], [.groReceiveExit, .groFragsExit], [.dmaMapPage, .dmaMapPhys], [.dmaUnmapPage, .dmaUnmapPhys],
        [.flowUDP, .flowPulled]
      ])
    let untold = Set(Event.Kind.allCases).subtracting(told.keys)
    #expect(untold == [.sockDefReadable, .announcedByStack, .windowBegins, .windowEnds, .interruptsChosen, .taskChosen, .gap])
  }

  @Test("keeps whatever is recorded readable")
  func recordedIsRead() {
    for tracepoint in EventKind.allCases.map(\.tracepoint) where tracepoint.recording == .always {
      #expect(!tracepoint.fields.isEmpty && tracepoint.isReadFromText, "\(tracepoint.name)")
      if let device = tracepoint.deviceField { #expect(tracepoint.fields.contains { $0.name == device && $0.slot == .name }) }
    }
  }
}
