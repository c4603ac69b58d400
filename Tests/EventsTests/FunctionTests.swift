import Decoding
import Foundation
import Support
import Testing

@testable import Events

@Suite("A function that is entered")
struct FunctionTests {
  private static let entry: UInt64 = 0xffff_ffff_81e3_2fe0
  private static let symbols = """
    ffffffff81e32f00 T sock_def_error_report
    ffffffff81e32fe0 T sock_def_readable
    ffffffff81e33040 t sock_def_readable_more
    ffffffffc0a81234 t sock_def_readable\t[tls]

    """

  private static let common = """
    format:
    \tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
    \tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;
    \tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;
    \tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;


    """

  private static func probe(_ name: String, id: Int, socket: String = "sk") -> String {
    """
    name: \(name)
    ID: \(id)
    \(common)\tfield:unsigned long __probe_ip;\toffset:8;\tsize:8;\tsigned:0;
    \tfield:u64 \(socket);\toffset:16;\tsize:8;\tsigned:0;

    print fmt: "(%lx) \(socket)=0x%Lx", REC->__probe_ip, REC->\(socket)

    """
  }

  private static let function = """
    name: function
    ID: 1
    \(common)\tfield:unsigned long ip;\toffset:8;\tsize:8;\tsigned:0;
    \tfield:unsigned long parent_ip;\toffset:16;\tsize:8;\tsigned:0;

    print fmt: " %ps <-- %ps", (void *)REC->ip, (void *)REC->parent_ip

    """

  private static let graph = """
    name: funcgraph_entry
    ID: 11
    \(common)\tfield:unsigned long func;\toffset:8;\tsize:8;\tsigned:0;
    \tfield:int depth;\toffset:16;\tsize:4;\tsigned:1;

    print fmt: "--> %ps (%d)", (void *)REC->func, REC->depth

    """

  /// The events of a recording with `entries`: an event's id, and two numbers.
  private func events(
    _ entries: [(UInt16, UInt64, UInt64)], formats: [(system: String, texts: [String])], kallsyms: String = symbols
  ) throws -> (events: [String], stream: EventStream) {
    var b = TraceDatBuilder()
    b.formats = formats
    b.ftraceFormats = [Self.function, Self.graph]
    b.kallsyms = kallsyms
    b.cpus = [
      [b.page(time: 100, entries.map { b.entry(delta: 1, b.bytes($0.0) + Data([0x10, 0]) + b.bytes(UInt32(7)) + b.bytes($0.1) + b.bytes($0.2)) })]
    ]
    let folder = try Repository.temporaryDirectory()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("trace.dat")
    try b.build().write(to: path)
    var stream = EventStream(try Recording(paths: [path.path]))
    var events: [String] = []
    while let event = stream.next() {
      guard event.kind == .sockDefReadable else { continue }
      #expect(event.pid == 7 && event.flags == .softirq)
      events.append("\(event.time) \(event.sockDefReadable.socket)")
    }
    return (events, stream)
  }

  @Test("by the tracers' records is known by its address, and the others are counted once")
  func tracers() throws {
    let (events, stream) = try events(
      [
        (1, Self.entry, 5), (1, Self.entry - 16, 5), (1, Self.entry + 4, 5), (11, Self.entry, 5), (1, Self.entry + 96, 5),
        (1, 0xffff_ffff_c0a8_1234, 5)
      ],
      formats: [])
    #expect(events == ["101 0", "103 0", "104 0"])
    #expect(stream.recording.diagnostics.rows.map(\.kind) == [.functionRecords])
    #expect(stream.recording.diagnostics.rows.first?.detail == "3 records" && !stream.capabilities.hasReadableProbe)
  }

  @Test("is not known where there are no symbols")
  func withoutSymbols() throws {
    #expect(try events([(1, Self.entry, 5), (1, 0, 5)], formats: [], kallsyms: "").events.isEmpty)
  }

  @Test("by a probe is known by the probe's name or address, and with it the socket", arguments: ["sk", "skaddr", "arg1"])
  func probes(field: String) throws {
    let formats = [
      (system: "kprobes", texts: [Self.probe("p_sock_def_readable_0", id: 2001, socket: field), Self.probe("mine", id: 2002, socket: field)]),
      (system: "fprobes", texts: [Self.probe("other", id: 2003, socket: field), Self.probe("nothing", id: 2004, socket: "x")])
    ]
    let (events, stream) = try events(
      [(2001, 77, 1), (2002, Self.entry, 2), (2003, Self.entry - 200, 3), (2003, Self.entry + 4, 4), (2004, Self.entry, 5)], formats: formats)
    #expect(events == ["101 1", "102 2", "104 4", "105 0"])
    #expect(stream.capabilities.hasReadableProbe && stream.capabilities.readableNamesSocket)
    #expect(stream.recording.diagnostics.rows.isEmpty)
  }

  @Test(
    "is known in text",
    arguments: [
      ("sock_def_readable <-tcp_data_ready", "0"), ("sock_def_readable+0x0/0x60 <-tcp_data_ready+0x7f/0xb0", "0"),
      ("sock_def_readable_more <-tcp_data_ready", nil), ("tcp_v4_rcv <-sock_def_readable", nil),
      ("function:             sock_def_readable <-- tcp_data_ready", "0"), ("function:             tcp_v4_rcv <-- ip_rcv", nil),
      ("funcgraph_entry:        0.541 us   |      sock_def_readable();", "0"), ("funcgraph_entry:                   |  sock_def_readable() {", "0"),
      ("funcgraph_exit:         0.541 us   |  }", nil),
      ("anything: (sock_def_readable+0x0/0x60) sk=0xffff888003b81280", "ffff888003b81280"),
      ("p_sock: (sock_def_readable+0x4/0x60) arg1=18446612682100675200", "18446612682100675200"),
      ("probe_sock_def_readable: (ffffffff81a2b3c0) skaddr=ffff888003b81280", "ffff888003b81280"),
      ("r_sock: (tcp_data_ready+0x7f/0xb0 <- sock_def_readable) sk=0x1", nil), ("r_sock_def_readable: (ffffffff81 <- ffffffff82) sk=0x1", nil),
      ("other: (tcp_v4_rcv+0x0/0x60) sk=0xffff888003b81280", nil), ("p_sock_def_readable: (tcp_data_ready+0x0/0x60) sk=0x1", nil)
    ] as [(String, String?)])
  func text(line: String, socket: String?) throws {
    let head = "            bash-8808    [001] ..s1.  2209.435701: "
    let (events, diagnostics) = try EventText.events(of: Array("# tracer: nop\n\(head)\(line)\n\(head)softirq_exit: vec=3 [action=NET_RX]\n".utf8))
    let expected = socket.map { ["sockDefReadable(socket: \($0.first == "1" ? $0 : "\(UInt64($0, radix: 16) ?? 0)"))"] } ?? []
    #expect(events == expected + ["softirqExit(vector: 3)"])
    #expect(!diagnostics.hasDamage)
  }

  @Test("by function_graph has no time in text, and is passed over")
  func functionGraph() throws {
    let text = """
      # tracer: function_graph
      #
      # CPU  DURATION                  FUNCTION CALLS
      # |     |   |                     |   |   |   |
       1)               |  tcp_data_ready() {
       1)   0.541 us    |    sock_def_readable();
       1)               |  /* sched_waking: comm=a pid=1 prio=120 target_cpu=001 */
       ------------------------------------------
       0)  bash-8808     =>    <idle>-0
       ------------------------------------------

       0) + 12.541 us   |  }
        2209.435692 |   0)  bash-8808   |   0.541 us    |  }

      """
    let (events, diagnostics) = try EventText.events(of: Array(text.utf8))
    #expect(events.isEmpty && !diagnostics.hasDamage)
    #expect(diagnostics.rows.map(\.kind) == [.functionRecords])
    #expect(diagnostics.rows.first?.count == 8)
  }
}
