import Bytes
import SystemPackage
import Linux
import Testing

@testable import Capture

struct PartsTests {
  @Test(arguments: [("8M", 8 << 20), ("64", 64 << 10), ("64KiB", 64 << 10), ("1G", 1 << 30), ("2mb", 2 << 20)])
  func bufferSize(text: String, bytes: Int) { #expect(RecordingOptions.bufferSize(text) == bytes) }

  @Test(arguments: ["", "M", "-1", "0", "8X", "8 M", "99999999999999999999", "9223372036854775807G"])
  func noBufferSize(text: String) { #expect(RecordingOptions.bufferSize(text) == nil) }

  @Test func cpuList() {
    #expect(RecordingInstance.cpus("0-3,6\n") == [0, 1, 2, 3, 6])
    #expect(RecordingInstance.cpus("\n") == [])
    #expect(RecordingInstance.cpus("5-2") == [])
  }

  @Test func pageSizeComesFromTheHeader() {
    let text = """
      \tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;
      \tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;
      \tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;
      \tfield: char data;\toffset:16;\tsize:65520;\tsigned:0;

      """
    #expect(TraceMetadata.pageSize(Array(text.utf8)) == 65536)
    #expect(TraceMetadata.pageSize([]) == nil)
  }

  @Test func symbolsAreThoseThatPagesPointInto() {
    let text = """
      ffffffff81000000 T first
      ffffffff81000100 t second
      ffffffff81000100 T alias_of_second
      ffffffff81000200 t third
      ffffffff81000280 d data
      ffffffff81000300 T fourth
      ffffffff81000400 T fifth
      0000000000000000 T hidden

      """
    var table = SymbolTable(Array(text.utf8))
    var page: [UInt8] = [0, 0, 0, 0]
    for address: UInt64 in [0xffff_ffff_8100_0110, 0xffff_8880_1234_5678, 0xffff_ffff_ffff_ffff] {
      page += (0..<8).map { UInt8(truncatingIfNeeded: address >> (8 * $0)) }
    }
    table.need(ByteBuffer(page).bytes)
    let names = String(decoding: table.needed, as: UTF8.self).split(separator: "\n").map { $0.split(separator: " ")[2] }
    #expect(names == ["second", "alias_of_second", "third"])
  }

  /// sendfile(2) and splice(2) refuse files that are opened for appending, as some file systems refuse them for all.
  @Test func bytesAreCopiedWhereTheKernelRefusesTo() throws {
    let directory = try TemporaryDirectory()
    let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8) }
    let source = try FileDescriptor.open(FilePath("\(directory.path)/source"), .readWrite, options: .create, permissions: .ownerReadWrite)
    defer { try? source.close() }
    try source.writeAll(bytes)
    let target = try FileDescriptor.open(
      FilePath("\(directory.path)/target"), .writeOnly, options: [.create, .append], permissions: .ownerReadWrite)
    defer { try? target.close() }
    try source.copy(0..<bytes.count, to: target)
    let pipe = try Pipe()
    defer { for end in [pipe.readEnd, pipe.writeEnd] { try? end.close() } }
    try pipe.writeEnd.writeAll(bytes[..<5000])
    try pipe.readEnd.drain(count: 5000, to: target)
    #expect(try Files.contents(of: "\(directory.path)/target") == bytes + bytes[..<5000])
  }

  @Test func taskNamesAreThoseInThePages() {
    var tasks = TaskNames()
    tasks.add(saved: Array("4000000 first name\n4000001 second\n4000002 third\n4000002 earlier\n".utf8))
    tasks.need(ByteBuffer([1, 1, 1, 1, 0x02, 0x09, 0x3d, 0x00, 0x00, 0x09, 0x3d, 0x00]).bytes)
    #expect(String(decoding: tasks.needed, as: UTF8.self) == "4000000 first name\n4000002 third\n")
  }

  /// A sched_switch away from a task: its number, name, number, priority and state.
  private static func switched(_ number: UInt32, _ name: String, _ state: UInt64 = 1, _ second: UInt32? = nil, id: UInt8 = 0x36) -> [UInt8] {
    func bytes(_ value: some FixedWidthInteger) -> [UInt8] { (0..<value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    let name = Array(name.utf8) + repeatElement(0, count: 16 - name.utf8.count)
    return [id, 0x01, 1, 2] + bytes(number) + name + bytes(second ?? number) + bytes(UInt32(120)) + bytes(state)
  }

  @Test func tasksThatCameAndWentHaveTheirLastNames() {
    var tasks = TaskNames([Array("name: sched_waking\nID: 320\n".utf8), Array("name: sched_switch\nID: 310\nformat:\n".utf8)])
    tasks.add(saved: Array("4000000 shell\n4000001 known\n".utf8))
    // Pages of one CPU stand behind those of another, so that what came first may be seen last.
    let pages = [
      Self.switched(4_000_000, "curl", 0x20), Self.switched(4_000_000, "shell"), Self.switched(4_000_001, "before"), Self.switched(0, "swapper/0"),
      Self.switched(4_000_003, "a b"), Self.switched(4_000_004, "no\nname"), Self.switched(4_000_005, ""), Self.switched(4_000_006, "other", 1, 7),
      Self.switched(4_000_007, "sixteen bytes 16"), Self.switched(0x6161_6161, "text"),
      Self.switched(4_000_009, "numbers", id: 0x37), Self.switched(4_000_010, "broken\u{e8}").map { $0 == 0xa8 ? 0x20 : $0 },
      Array(Self.switched(4_000_008, "cut").dropLast(8))
    ]
    for page in pages { tasks.need(ByteBuffer(page).bytes) }
    #expect(String(decoding: tasks.needed, as: UTF8.self) == "4000000 curl\n4000001 known\n4000003 a b\n")
  }

  @Test func everyEventHasItsReason() {
    #expect(Set(RecordedEvent.all.map(\.fullName)).count == RecordedEvent.all.count)
    for event in RecordedEvent.all {
      #expect(!event.need.isEmpty && !event.cost.isEmpty && !event.need.hasSuffix("."))
    }
  }

  @Test func arraysOfProbesCountTheirElements() {
    let format = "name: flow\n\tfield:u64 skb;\toffset:8;\tsize:8;\tsigned:0;\n\tfield:u64 head[];\toffset:26;\tsize:64;\tsigned:0;\n"
    let counted = String(decoding: TraceMetadata.countingElements(Array(format.utf8)), as: UTF8.self)
    #expect(counted == format.replacing("head[]", with: "head[8]"))
  }

  /// A tree as sysfs has it: a PCI card, a virtio card, one with a single line, one behind USB, and devices on top of them.
  @Test func hardInterruptsAreThoseOfTheDevices() throws {
    let directory = try TemporaryDirectory()
    _ = try Machine.output(
      of: """
        cd \(directory.path) && mkdir -p pci/msi_irqs virtio/msi_irqs virtio/virtio0 old usb/1-1/net \
          net/eth0 net/eth1 net/eth2 net/usb0 net/lo net/bond0 net/bond0.5 net/br0/brif net/loop0 \
        && touch pci/msi_irqs/30 pci/msi_irqs/31 pci/msi_irqs/32 virtio/msi_irqs/40 && echo 9 >old/irq && echo 0 >pci/irq \
        && ln -s ../../pci net/eth0/device && ln -s ../../virtio/virtio0 net/eth1/device && ln -s ../../old net/eth2/device \
        && ln -s ../../usb/1-1 net/usb0/device && ln -s ../eth0 net/bond0/lower_eth0 && ln -s ../eth1 net/bond0/lower_eth1 \
        && ln -s ../bond0 net/bond0.5/lower_bond0 && ln -s x net/br0/brif/eth2 && ln -s ../loop0 net/loop0/lower_loop0
        """)
    func condition(_ devices: String...) -> String? { InterruptLines(of: devices, in: "\(directory.path)/net")?.condition }
    #expect(condition("eth0") == "(irq >= 30 && irq <= 32)")
    #expect(condition("eth1") == "irq == 40")
    #expect(condition("eth2", "eth0") == "irq == 9 || (irq >= 30 && irq <= 32)")
    #expect(condition("bond0.5") == "(irq >= 30 && irq <= 32) || irq == 40")
    #expect(condition("br0", "eth2") == "irq == 9")
    for unknown in ["lo", "usb0", "loop0", "eth9"] { #expect(condition("eth0", unknown) == nil) }
    #expect(condition() == nil)
    // Where they are not known, all are kept, and only of these events anything is asked.
    var options = RecordingOptions()
    options.devices = ["eth9"]
    #expect(RecordedEvent.wanted(options) == RecordedEvent.all)
  }

  @Test func schedulingIsKeptToTasksByName() {
    var options = RecordingOptions()
    options.tasks = ["nginx", "a b"]
    let threads = { (field: String) in ["ksoftirqd", "napi", "irq"].map { "\(field) ~ \"\($0)/*\"" }.joined(separator: " || ") }
    func condition(_ name: String) -> String? { RecordedEvent.wanted(options).first { $0.name == name }?.condition }
    #expect(condition("sched_waking") == "comm == \"nginx\" || comm == \"a b\" || " + threads("comm"))
    #expect(
      condition("sched_switch") == "prev_comm == \"nginx\" || prev_comm == \"a b\" || \(threads("prev_comm"))"
        + " || next_comm == \"nginx\" || next_comm == \"a b\" || \(threads("next_comm"))")
    #expect(condition("irq_handler_entry") == nil && condition("softirq_raise") == "vec == 3")
    #expect(options.notes == ["nginx", "a b"].map { "wakepath: of the tasks those called \($0) are recorded" })
    for name in ["", "sixteen bytes 16", "a\"b", "a\\b", "a\nb"] { #expect(RecordingOptions.problem(ofTask: name) != nil) }
    for name in ["a", "fifteen bytes 1", "kworker/0:1", "(sd-pam)"] { #expect(RecordingOptions.problem(ofTask: name) == nil) }
  }

  @Test func buffersAreKeptToOneDirection() {
    for event in RecordedEvent.dma([]) { #expect(event.condition == "dir == 2") }
    // A device without hardware cannot be told apart.
    for event in RecordedEvent.dma(["lo"]) { #expect(event.condition == "dir == 2") }
    #expect(RecordedEvent.dma([]).allSatisfy { $0.recordedSystem == "dma" })
    #expect(Probes.flow.inGroup("wakepath_12").recordedSystem == "wakepath")
  }
}
