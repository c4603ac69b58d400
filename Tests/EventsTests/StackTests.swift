import Foundation
import Testing

@testable import Decoding
@testable import Events

@Suite("The stack behind a wakeup")
struct StackTests {
  /// As the kernel prints it. Another CPU writes between the wakeup and its stack.
  private static let kernel = """
              <idle>-0       [001] ..s..    10.000001: netif_receive_skb: dev=eth1 skbaddr=000000003a3ac001 len=92
              <idle>-0       [001] d.s3.    10.000002: sched_waking: comm=server pid=77 prio=120 target_cpu=001
              python-9       [000] d..2.    10.000003: sched_waking: comm=other pid=78 prio=120 target_cpu=000
              <idle>-0       [001] d.s3.    10.000004: <stack trace>
     => try_to_wake_up
     => sock_def_readable
     => __udp_enqueue_schedule_skb
              python-9       [000] d..2.    10.000005: <stack trace>
     => try_to_wake_up
     => sock_def_readable_more
              <idle>-0       [001] ..s..    10.000006: softirq_exit: vec=3 [action=NET_RX]

    """
  private static let traceCmd = """
    cpus=2
              <idle>-0       [001] ..s..    10.000002: sched_waking:         comm=server pid=77 prio=120 target_cpu=001
              <idle>-0       [001] ..s..    10.000004: kernel_stack:         <stack trace >
    => try_to_wake_up (ffffffffb3d3a0b1)
    => sock_def_readable (ffffffffb4632fff)
              <idle>-0       [001] ..s..    10.000006: softirq_exit:         vec=3 [action=NET_RX]

    """
  private static let perf = """
    swapper     0 [001]    10.000002: sched:sched_waking: comm=server pid=77 prio=120 target_cpu=001
    \tffffffffb3d3a0b1 try_to_wake_up+0x1f1 ([kernel.kallsyms])
    \tffffffffb4632fff sock_def_readable+0x1f ([kernel.kallsyms])

    swapper     0 [001]    10.000006: irq:softirq_exit: vec=3 [action=NET_RX]

    """

  @Test(
    "that goes through sock_def_readable makes it an announcement",
    arguments: [
      (kernel, ["receive 3a3ac001 92 eth1", "announcedByStack", "waking 77 server", "waking 78 other", "softirqExit(vector: 3)"]),
      (traceCmd, ["announcedByStack", "waking 77 server", "softirqExit(vector: 3)"]),
      (perf, ["announcedByStack", "waking 77 server", "softirqExit(vector: 3)"])
    ])
  func announces(text: String, events: [String]) throws {
    let read = try EventText.events(of: text)
    #expect(read.events == events)
    #expect(read.diagnostics.rows.isEmpty)
  }

  /// What an interrupt wakes while sock_def_readable runs is no announcement: the kernel's text says that it was one, that of perf script has
  /// only the frames.
  private static let interrupted = [
    """
              <idle>-0       [001] d.h3.    10.000002: sched_waking: comm=disk pid=78 prio=120 target_cpu=001
              <idle>-0       [001] d.h3.    10.000004: <stack trace>
     => try_to_wake_up
     => vring_interrupt
     => sock_def_readable
              <idle>-0       [001] ..s..    10.000006: softirq_exit: vec=3 [action=NET_RX]

    """,
    """
    swapper     0 [001]    10.000002: sched:sched_waking: comm=disk pid=78 prio=120 target_cpu=001
    \tffffffffb3d3a0b1 try_to_wake_up+0x1f1 ([kernel.kallsyms])
    \tffffffffb3d3b0b1 handle_irq_event+0x38 ([kernel.kallsyms])
    \tffffffffb3d3c0b1 asm_common_interrupt+0x22 ([kernel.kallsyms])
    \tffffffffb4632fff sock_def_readable+0x1f ([kernel.kallsyms])

    swapper     0 [001]    10.000006: irq:softirq_exit: vec=3 [action=NET_RX]

    """,
    """
    app   9 [001]    10.000002: sched:sched_waking: comm=disk pid=78 prio=120 target_cpu=001
    \tffffffffb3d3a0b1 try_to_wake_up+0x1f1 ([kernel.kallsyms])
    \tffffffffb3d3b0b1 __softirqentry_text_start+0xc8 ([kernel.kallsyms])
    \tffffffffb4632fff sock_def_readable+0x1f ([kernel.kallsyms])
    \tffffffffb4632fff unix_stream_sendmsg+0x1f ([kernel.kallsyms])

    swapper     0 [001]    10.000006: irq:softirq_exit: vec=3 [action=NET_RX]

    """
  ]

  @Test("of what an interrupt wakes says nothing, though it goes on through what was interrupted", arguments: interrupted)
  func interruption(text: String) throws {
    let read = try EventText.events(of: text)
    #expect(read.events == ["waking 78 disk", "softirqExit(vector: 3)"])
    #expect(read.diagnostics.rows.isEmpty)
  }

  @Test("is no event of its own, and the same where events are read in batches")
  func batches() throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("wakepath-\(UUID().uuidString).txt")
    // So many that wakeups stand at the ends of batches, too.
    try Data(String(repeating: Self.kernel, count: 500).utf8).write(to: path)
    defer { try? FileManager.default.removeItem(at: path) }
    var one = EventStream(try Recording(paths: [path.path]))
    var single: [String] = []
    var order: UInt32 = 0
    while let event = one.next() {
      order += 1
      #expect(event.order == order)
      single.append(one.text(event))
    }
    var many = EventStream(try Recording(paths: [path.path]))
    var batched: [String] = []
    var batch = EventBatch()
    while many.next(&batch) {
      for index in 0..<batch.count {
        batched.append(many.text(batch[index]))
        #expect(batch[index].order == UInt32(batched.count))
      }
    }
    #expect(single == batched)
    #expect(single.count == 2500)
    #expect(one.recordCount == 3000)
    // Where nothing has told of stacks yet, the first may come too late.
    #expect(zip(single, single.dropFirst()).count { $0 == "announcedByStack" && $1 == "waking 77 server" } == 500)
  }
}
