import Bytes
import Testing

@testable import Decoding

@Suite("A line of trace text")
struct TextLineTests {
  /// The columns of a line as one string: `time cpu pid|comm|flags|name|info`.
  private func columns(_ text: String) -> String? {
    withBytes(of: text) { bytes in
      TextLine(bytes).map {
        let comm = $0.comm.bytes(of: bytes).text
        let flags = $0.flags.bytes(of: bytes).text
        let name = $0.name.bytes(of: bytes).text
        return "\($0.time) \($0.cpu) \($0.pid)|\(comm)|\(flags)|\(name)|\($0.info.bytes(of: bytes).text)"
      }
    }
  }

  @Test(
    "is split into its columns",
    arguments: [
      // `trace` with all columns, older kernels with four letters, with tgid, without letters.
      (
        "          <idle>-0       [001] d.h1.  2209.435692: irq_handler_entry: irq=36 name=eth0",
        "2209435692000 1 0|<idle>|d.h1.|irq_handler_entry|irq=36 name=eth0"
      ),
      (
        "          <idle>-0     [001] d.h1  2209.435692: softirq_raise: vec=3 [action=NET_RX]",
        "2209435692000 1 0|<idle>|d.h1|softirq_raise|vec=3 [action=NET_RX]"
      ),
      (
        "            bash-8808    (   8808) [001] .Ns1.  2209.420034: softirq_raise: vec=9",
        "2209420034000 1 8808|bash|.Ns1.|softirq_raise|vec=9"
      ),
      ("          <idle>-0       (-------) [000]   2209.420035: softirq_raise: vec=9", "2209420035000 0 0|<idle>||softirq_raise|vec=9"),
      ("            bash-8808    [001]   2209.420034: softirq_raise: vec=9", "2209420034000 1 8808|bash||softirq_raise|vec=9"),
      // `trace-cmd report`, plain, -t, -l, --ts-diff, --raw-ts, of several rings.
      (
        "            bash-148   [000]  2337.336854: sched_switch:         bash:148 [120] S ==> bash:154 [120]",
        "2337336854000 0 148|bash||sched_switch|bash:148 [120] S ==> bash:154 [120]"
      ),
      ("            bash-148   [000]  2337.336854215: napi_poll:            napi poll", "2337336854215 0 148|bash||napi_poll|napi poll"),
      ("    bash-148     0d..2.  2337.336854: softirq_exit:         vec=3", "2337336854000 0 148|bash|d..2.|softirq_exit|vec=3"),
      ("          python-154   [000]  2337.336973: (+119)   softirq_exit:         vec=3", "2337336973000 0 154|python||softirq_exit|vec=3"),
      ("          python-154   [000]2337336973: softirq_exit:         vec=3", "2337336973 0 154|python||softirq_exit|vec=3"),
      ("myring:           python-154   [000]  2337.336973: softirq_exit:         vec=3", "2337336973000 0 154|python||softirq_exit|vec=3"),
      ("myring: migratio-18      0d..2.  2337.336998: softirq_exit:         vec=3", "2337336998000 0 18|migratio|d..2.|softirq_exit|vec=3"),
      // The latency format of the kernel; CPU 12; marks of delay.
      (
        "    bash-8808      1d.h1. 15910us : softirq_raise: vec=9 [action=RCU]",
        "15910000 1 8808|bash|d.h1.|softirq_raise|vec=9 [action=RCU]"
      ),
      ("  <idle>-0        12..s1.    11us+: softirq_entry: vec=9 [action=RCU]", "11000 12 0|<idle>|..s1.|softirq_entry|vec=9 [action=RCU]"),
      // Names of tasks hold anything.
      ("     my prog-1-12    [001] .....  5.000001: softirq_exit: vec=3", "5000001000 1 12|my prog-1|.....|softirq_exit|vec=3"),
      (
        "kworker/0:1-events-77    [000] .....  5.000001: softirq_exit: vec=3", "5000001000 0 77|kworker/0:1-events|.....|softirq_exit|vec=3"
      ),
      ("      a [001] 9:-3 -12      [002] .....  5.000001: softirq_exit: vec=3", "5000001000 2 12|a [001] 9:-3 |.....|softirq_exit|vec=3"),
      (" a-1 [000] 5: b:-99      [002] .....  5.000001: softirq_exit: vec=3", "5000001000 2 99|a-1 [000] 5: b:|.....|softirq_exit|vec=3"),
      ("           <...>-123     [002] .....  5.000001: softirq_exit: vec=3", "5000001000 2 123|<...>|.....|softirq_exit|vec=3"),
      // Spaces at the start may be lost; functions and stack traces have no name.
      ("bash-8808 [001] d.h1. 2209.420034: softirq_raise: vec=9", "2209420034000 1 8808|bash|d.h1.|softirq_raise|vec=9"),
      (
        "            bash-8808    [001] .....  2209.420034: ip_rcv <-__netif_receive_skb",
        "2209420034000 1 8808|bash|.....||ip_rcv <-__netif_receive_skb"
      ),
      ("            bash-8808    [001] .....  2209.420034: <stack trace>", "2209420034000 1 8808|bash|.....||<stack trace>"),
      // perf script, with brackets and spaces in commands, pids, nanoseconds and tasks that had gone.
      (
        "         python3  8955 [001]  2213.474971:       sched:sched_waking: comm=python3 pid=1",
        "2213474971000 1 8955|python3||sched_waking|comm=python3 pid=1"
      ),
      ("kworker/0:1-ev  8955 [001]  2213.474971: net:netif_rx: dev=lo", "2213474971000 1 8955|kworker/0:1-ev||netif_rx|dev=lo"),
      ("  a 12 [3] 5.0 b 77/78    [012]  2213.474971123: net:netif_rx: dev=lo", "2213474971123 12 78|a 12 [3] 5.0 b||netif_rx|dev=lo"),
      ("        swapper     0 [000]     3.000001: irq:softirq_exit:", "3000001000 0 0|swapper||softirq_exit|"),
      ("             :-1    -1 [000]     3.000001: irq:softirq_exit: vec=3", "3000001000 0 -1|:-1||softirq_exit|vec=3"),
      // A counter as clock; a real-time kernel before 5.15 with seven letters.
      ("            bash-8808    [001] d.h1.        12345: softirq_exit: vec=3", "12345 1 8808|bash|d.h1.|softirq_exit|vec=3"),
      ("            bash-8808    [001] d..h1.1  5.000001: softirq_exit: vec=3", "5000001000 1 8808|bash|d..h1.1|softirq_exit|vec=3")
    ])
  func isSplit(_ line: (text: String, columns: String)) { #expect(columns(line.text) == line.columns) }

  @Test(
    "is refused where it is no event",
    arguments: [
      "", "#", "# tracer: nop", "no trace", "bash-", "bash-12", "bash-12 [", "bash-12 [1", "bash-12 [1]", "bash-12 [1] d.h1.",
      "            bash-8808    [001] d.h1.  2209.420034",
      // A CPU, a time and a pid that cannot be.
      "            bash-8808    [65536] d.h1.  2209.420034: softirq_exit: vec=3",
      "            bash-8808    [001] d.h1.  99999999999999.420034: softirq_exit: vec=3",
      "            bash-8808    [001] d.h1.  99999999999999999999999: softirq_exit: vec=3",
      "            bash-4294967296    [001] d.h1.  2209.420034: softirq_exit: vec=3",
      "            bash-8808    [001] d.h1.  2209.42: softirq_exit: vec=3",
      // perf script's other records, syslog, and a line of numbers.
      "python3  8955 [001]  2213.474971: PERF_RECORD_COMM: python3:8955/8955", "python3 [001]  2213.474971: net:netif_rx: dev=lo",
      "Nov 22 16:23:01 host kernel-6 [123]: 5.000001: up",
      "2024-11-22 16:23:01 INFO a-1 [main] 12: text"
    ])
  func isRefused(_ text: String) { #expect(columns(text) == nil) }

  @Test(
    "tells what it is instead",
    arguments: [
      ("", TextNote.remark), ("   ", .remark), ("# tracer: nop", .remark), (" => ip_rcv+0x1/0x2", .remark),
      ("##### CPU 1 buffer started ####", .remark),
      ("\tffffffff81e32fff sock_def_readable+0x1f ([kernel.kallsyms])", .remark), ("\tffffffff81e32fff what", .foreign),
      ("\t           9f189 [unknown] (/usr/bin/perf)", .remark),
      ("version = 6", .remark), ("CPU 1 is empty", .remark),
      ("CPU:1 [SUBBUFFER START]", .remark), ("cpus=2", .cpus(2)), ("myring: cpus=2", .cpus(2)),
      ("CPU:1 [LOST 123 EVENTS]", .loss(cpu: 1, events: 123)), ("CPU:12 [LOST EVENTS]", .loss(cpu: 12, events: nil)),
      ("CPU:1 [123 EVENTS DROPPED]", .loss(cpu: 1, events: 123)), ("CPU:0 [EVENTS DROPPED]", .loss(cpu: 0, events: nil)),
      ("myring: CPU:0 [7 EVENTS DROPPED]", .loss(cpu: 0, events: 7)),
      ("CPU:65536 [LOST 123 EVENTS]", .foreign), ("CPU:1 [LOST 123 CARROTS]", .foreign), ("CPU 1 is full", .foreign),
      ("cpus=many", .foreign), ("cpus=99999999", .foreign), ("hello", .foreign)
    ])
  func note(_ line: (text: String, note: TextNote)) {
    #expect(withBytes(of: line.text) { TextNote($0) } == line.note)
  }
}
