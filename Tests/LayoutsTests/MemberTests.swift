import Bytes
import Layouts
import Support
import Testing

/// What a small kernel of known types is read as, in both byte orders.
@Suite struct MemberTests {
  @Test(arguments: [false, true]) func membersLieWhereTheyWereWritten(isBigEndian: Bool) throws {
    let types = try SmallKernel(isBigEndian: isBigEndian).types()
    func place(_ path: String, _ structure: String = "sk_buff") throws -> [Int?] {
      let place = try #require(try types.member(path, of: structure), "\(structure).\(path)")
      return [place.offset, place.bitOffset, place.bitWidth]
    }
    #expect(try place("data") == [72, 576, nil])
    #expect(try place("len") == [64, 512, nil])
    #expect(try place("next") == [0, 0, nil], "through an unnamed structure in an unnamed union")
    #expect(try place("prev") == [8, 64, nil])
    #expect(try place("rbnode") == [0, 0, nil])
    #expect(try place("pkt_type") == [68, 545, 3])
    #expect(try place("cb[7]") == [23, 184, nil])
    #expect(try place("sk_queues[1].qlen", "sock") == [48, 384, nil])
  }

  @Test func whatIsNotThereIsNil() throws {
    let types = try SmallKernel().types()
    #expect(try types.member("data", of: "no_such") == nil)
    #expect(try types.member("tail", of: "sk_buff") == nil)
    #expect(try types.member("cb[48]", of: "sk_buff") == nil)
    #expect(try types.member("cb[-1]", of: "sk_buff") == nil)
    #expect(try types.member("len.x", of: "sk_buff") == nil)
    #expect(try types.member("", of: "sk_buff") == nil)
    #expect(try types.structure("unsigned int") == nil, "an integer is no structure")
    #expect(try types.function("sk_buff") == nil)
    #expect(try types.values(ofEnumeration: "sk_buff") == nil)
  }

  @Test(arguments: [false, true]) func shapes(isBigEndian: Bool) throws {
    let types = try SmallKernel(isBigEndian: isBigEndian).types()
    func shape(_ path: String, _ structure: String = "sk_buff") throws -> TypeShape {
      try types.shape(try #require(try types.member(path, of: structure)).type)
    }
    #expect(try shape("len") == .integer(bytes: 4, isSigned: false))
    #expect(try shape("sk_queues[0]", "sock") == .structure(name: "sk_buff_head", bytes: 24))
    guard case .pointer(let target) = try shape("sk_queues[1].next", "sock") else { return #expect(Bool(false), "next is a pointer") }
    #expect(try types.shape(target) == .structure(name: "sk_buff", bytes: 96))
    guard case .array(let element, 48) = try shape("cb") else { return #expect(Bool(false), "cb is an array") }
    #expect(try types.size(element) == 1)
    #expect(try types.size(try #require(try types.member("sk_queues", of: "sock")).type) == 48)
  }

  @Test(arguments: [false, true]) func enumerationsAndFunctions(isBigEndian: Bool) throws {
    let types = try SmallKernel(isBigEndian: isBigEndian).types()
    let verdict = try #require(try types.values(ofEnumeration: "verdict"))
    #expect(verdict.map(\.name) == ["DROP", "PASS"])
    #expect(verdict.map(\.value) == [-1, 1])
    #expect(try types.values(ofEnumeration: "wide")?.first?.value == 1 << 40)
    let readable = try #require(try types.function("sock_def_readable"))
    #expect(readable.parameters.map(\.name) == ["sk"])
    #expect(try types.spelling(readable.parameters[0].type) == "struct sock *")
    #expect(try types.spelling(readable.result) == "void")
    let printk = try #require(try types.function("printk"))
    #expect(printk.isVariadic)
    #expect(printk.parameters.map(\.name) == ["format"])
  }

  @Test func spellings() throws {
    let types = try SmallKernel().types()
    func spelling(_ path: String, _ structure: String = "sk_buff") throws -> String {
      try types.spelling(try #require(try types.member(path, of: structure)).type)
    }
    #expect(try spelling("len") == "__u32")
    #expect(try spelling("data") == "unsigned char *")
    #expect(try spelling("cb") == "unsigned char[48]")
    #expect(try spelling("sk_queues", "sock") == "struct sk_buff_head[2]")
    #expect(try spelling("sk_queues[0].qlen", "sock") == "const __u32")
    #expect(try types.members(of: try #require(try types.structure("sk_buff"))).map(\.name) == ["", "cb", "len", "cloned", "pkt_type", "data"])
  }

  @Test(arguments: [false, true]) func aModuleBuildsUponTheKernel(isBigEndian: Bool) throws {
    let small = SmallKernel(isBigEndian: isBigEndian)
    let kernel = try small.types()
    let module = try BTF(ByteBuffer(small.module.bytes), path: "module.btf", base: kernel)
    let last = try #require(try module.member("last", of: "virtnet_info"))
    #expect(last.offset == 8)
    #expect(try module.spelling(last.type) == "struct sk_buff *")
    #expect(try module.member("data", of: "sk_buff")?.offset == 72, "the kernel's types are the module's, too")
    #expect(try kernel.structure("virtnet_info") == nil)
  }
}
