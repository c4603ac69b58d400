import Bytes
import Testing

@testable import Decoding

@Suite("The first lines of a text file")
struct TextHeadTests {
  private static let event = "          <idle>-0       [001] d.h1.  2209.435692: irq_handler_entry: irq=36 name=eth0\n"

  private func head(_ text: String) -> TextHead { withBytes(of: text) { TextHead($0) } }

  @Test("tell of what trace they are")
  func format() {
    let trace = head("# tracer: nop\n#\n# entries-in-buffer/entries-written: 62/62   #P:2\n#\n" + Self.event)
    #expect(trace.isTrace && trace.format == "ftrace text" && trace.cpus == 2)
    let report = head("cpus=4\n" + Self.event)
    #expect(report.isTrace && report.format == "trace-cmd report text" && report.cpus == 4)
    let latency = head(
      """
      # tracer: nop
      #
      # nop latency trace v1.1.5 on 6.12.117+deb12
      # --------------------------------------------------------------------
      # latency: 0 us, #62/62, CPU#0 | (M:PREEMPT(none) VP:0, KP:0, SP:0 HP:0 #P:2)

      """)
    #expect(latency.isTrace && latency.kernel == "6.12.117+deb12" && latency.cpus == 2)
    let perf = head("         python3  8955 [001]  2213.474971: sched:sched_waking: comm=python3 pid=8955 prio=120 target_cpu=001\n")
    #expect(perf.isTrace && perf.format == "perf script text")
  }

  @Test(
    "are a trace",
    arguments: [
      event, "CPU:1 [LOST 12 EVENTS]\n" + event, "# tracer: nop\n", "cpus=2\n", "garbage\r\n" + event + event, event + "half a li",
      "registering plugin: x\nregistering plugin: y\ncpus=2\n" + event + event
    ])
  func isTrace(_ text: String) { #expect(head(text).isTrace) }

  @Test("are a trace of nothing where a snapshot was not taken")
  func freedSnapshot() {
    let text = "# tracer: nop\n#\n#\n# * Snapshot is freed *\n#\n# Snapshot commands:\n# echo 0 > snapshot : Clears and frees snapshot buffer\n"
    let (isTrace, format) = withBytes(of: text) { head in
      let found = TextHead(head)
      return (found.isTrace, found.format)
    }
    #expect(isTrace && format == "ftrace text")
  }

  @Test(
    "are no trace",
    arguments: [
      "", "\n\n", "hello\n", "# a comment\n# and another\n", "hello\nworld\n" + event, event.replacing("\n", with: ""),
      "a\0b\n" + event,
      "python3  8955 [001]  2213.474971: PERF_RECORD_COMM: python3:8955/8955\n"
    ])
  func isNoTrace(_ text: String) { #expect(!head(text).isTrace) }
}
