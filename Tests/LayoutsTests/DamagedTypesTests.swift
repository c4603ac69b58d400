import Bytes
import Layouts
import Support
import Testing

/// Types that are cut off, bent or lie: one sentence with the place, and never a crash or a search without end.
@Suite struct DamagedTypesTests {
  private func complaint(_ bytes: [UInt8], base: BTF? = nil) -> String? {
    do {
      _ = try BTF(ByteBuffer(bytes), path: "x", base: base)
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test func sentencesNameThePlace() {
    let whole = SmallKernel().builder.bytes
    #expect(complaint([]) == "x: at byte 0: the file ends inside the header of BTF")
    #expect(complaint(Array("tracing and more than 24 bytes".utf8)) == "x: at byte 0: this is not BTF, which begins with 0xeb9f")
    #expect(complaint(changed(whole, 2, to: 9)) == "x: at byte 2: this is BTF of version 9, only 1 is known")
    #expect(complaint(changed(whole, 4, to: 8)) == "x: at byte 4: the header cannot have 8 bytes")
    #expect(complaint(changed(whole, 15, to: 0x7f))?.hasPrefix("x: at byte 8: the types would end behind the file") == true)
    #expect(complaint(changed(whole, 23, to: 0x7f))?.hasPrefix("x: at byte 16: the strings would end behind the file") == true)
    #expect(complaint(changed(whole, whole.count - 1, to: 1)) == "x: at byte \(whole.count - 1): the last string has no end")
    // The kind of the third type.
    let third = 24 + SmallKernel().builder.starts[2]
    #expect(complaint(changed(whole, third + 7, to: 0x1f)) == "x: at byte \(third): type 3 is cut off or of a kind that is not known")
  }

  private func changed(_ bytes: [UInt8], _ index: Int, to value: UInt8) -> [UInt8] {
    var bytes = bytes
    bytes[index] = value
    return bytes
  }

  @Test func typesThatContainThemselvesEnd() throws {
    var loops = BTFBuilder()
    _ = loops.reference(kind: 8, "self", to: 1)
    _ = loops.structure("outer", bytes: 8, [.init("", 3, bit: 0), .init("", 3, bit: 64)])
    _ = loops.structure("", bytes: 8, [.init("", 2, bit: 0), .init("", 2, bit: 64)])
    _ = loops.array(of: 4, index: 1, count: 2)
    _ = loops.pointer(to: 5)
    _ = loops.structure("holder", bytes: 8, [.init("array", 4, bit: 0), .init("pointer", 5, bit: 0), .init("name", 1, bit: 0)])
    let types = try BTF(ByteBuffer(loops.bytes), path: "x")
    #expect(throws: LayoutError.self) { try types.member("missing", of: "outer") }
    #expect(throws: LayoutError.self) { try types.member("array[1]", of: "holder") }
    for member in ["array", "pointer", "name"] {
      let type = try #require(try types.member(member, of: "holder")).type
      #expect(throws: LayoutError.self, "\(member)") { try types.spelling(type) + "\(types.size(type) ?? 0)" }
    }
  }

  /// Everything that can be asked, of types that may be damaged; only errors of ours may come.
  private func ask(_ bytes: [UInt8], base: BTF? = nil) {
    guard let types = try? BTF(ByteBuffer(bytes), path: "x", base: base) else { return }
    for structure in ["sk_buff", "sock", "sk_buff_head", "virtnet_info"] {
      for path in ["data", "next", "cb[3]", "sk_queues[1].next", "missing", "last"] {
        guard let place = try? types.member(path, of: structure) else { continue }
        _ = try? types.spelling(place.type)
        _ = try? types.shape(place.type)
        _ = try? types.size(place.type)
      }
      if let id = try? types.structure(structure) { _ = try? types.members(of: id) }
    }
    for name in ["verdict", "wide"] { _ = try? types.values(ofEnumeration: name) }
    for name in ["sock_def_readable", "printk"] { _ = try? types.function(name) }
    for number in 0..<UInt32(min(types.count + 2, 64)) { _ = try? types.spelling(TypeID(number: number)) }
  }

  @Test(arguments: [false, true]) func everyTruncation(isBigEndian: Bool) {
    let whole = SmallKernel(isBigEndian: isBigEndian).builder.bytes
    for count in whole.indices {
      // A header that promises what was cut off is found out; nothing shorter passes.
      #expect(complaint(Array(whole.prefix(count))) != nil, "\(count) of \(whole.count) bytes")
    }
  }

  @Test(arguments: [false, true]) func everyFlippedBit(isBigEndian: Bool) throws {
    let small = SmallKernel(isBigEndian: isBigEndian)
    let (whole, module) = (small.builder.bytes, small.module.bytes)
    let kernel = try small.types()
    for bit in 0..<whole.count * 8 { ask(changed(whole, bit / 8, to: whole[bit / 8] ^ 1 << (bit % 8))) }
    for bit in 0..<module.count * 8 { ask(changed(module, bit / 8, to: module[bit / 8] ^ 1 << (bit % 8)), base: kernel) }
  }

  @Test func randomBytesBehindAGoodHeader() {
    var random = SplitMix(state: 20_261_124)
    let whole = SmallKernel().builder.bytes
    for _ in 0..<5_000 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...12, using: &random) {
        bytes[Int.random(in: 24..<whole.count, using: &random)] = .random(in: 0...255, using: &random)
      }
      ask(bytes)
    }
  }
}
