import Bytes
import Layouts
import Support

/// A small kernel's types: the shapes that the real ones have, in few bytes.
struct SmallKernel {
  var builder: BTFBuilder
  var module: BTFBuilder

  init(isBigEndian: Bool = false) {
    var b = BTFBuilder(isBigEndian: isBigEndian)
    let int = b.integer("int", bytes: 4, isSigned: true)
    let u8 = b.integer("unsigned char", bytes: 1)
    let u32 = b.reference(kind: 8, "__u32", to: b.integer("unsigned int", bytes: 4))
    let data = b.pointer(to: u8)
    // sk_buff's number is not known before its pointer is written: next is void * in this kernel.
    let next = b.pointer(to: 0)
    let list = b.structure("", bytes: 16, [.init("next", next, bit: 0), .init("prev", next, bit: 64)])
    let head = b.structure("", bytes: 16, isUnion: true, [.init("", list, bit: 0), .init("rbnode", u32, bit: 0)])
    let cb = b.array(of: u8, index: int, count: 48)
    let packet = b.structure(
      "sk_buff", bytes: 96,
      [
        .init("", head, bit: 0), .init("cb", cb, bit: 128), .init("len", u32, bit: 512), .init("cloned", u8, bit: 544, width: 1),
        .init("pkt_type", u8, bit: 545, width: 3), .init("data", data, bit: 576)
      ])
    let queue = b.structure(
      "sk_buff_head", bytes: 24, [.init("next", b.pointer(to: packet), bit: 0), .init("qlen", b.reference(kind: 10, to: u32), bit: 128)])
    let sock = b.structure("sock", bytes: 64, [.init("sk_queues", b.array(of: queue, index: int, count: 2), bit: 64)])
    _ = b.enumeration("verdict", isSigned: true, [("DROP", -1), ("PASS", 1)])
    _ = b.enumeration64("wide", [("HUGE", 1 << 40)])
    _ = b.function("sock_def_readable", result: 0, [("sk", b.pointer(to: sock))])
    _ = b.function("printk", result: int, [("format", data), ("", 0)])
    builder = b
    module = BTFBuilder(isBigEndian: isBigEndian, after: b)
    _ = module.structure("virtnet_info", bytes: 16, [.init("last", module.pointer(to: packet), bit: 64)])
  }

  func types(_ bytes: [UInt8]? = nil) throws -> BTF { try BTF(ByteBuffer(bytes ?? builder.bytes), path: "small.btf") }
}
