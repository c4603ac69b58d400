import Decoding
import Testing

@testable import Events

@Suite("The context of a line of text")
struct TextContextTests {
  @Test(
    "is told by its letters",
    arguments: [
      ("d.h1.", "hardirq"), ("d.h1", "hardirq"), ("dNH2.", "hardirq+softirq"), ("..s1.", "softirq"), ("b.s2.", "softirq+bh"),
      ("D.s2.", "softirq+bh"),
      (".....", "task"), ("b....", "bh"), ("d..2.", "task"), ("d.Z1.", "hardirq"), ("d.z1.", "task"), ("d..h1.1", "hardirq"),
      ("XN.1.", "task")
    ])
  func letters(_ line: (letters: String, context: String)) throws {
    let (events, _) = try EventText.events(
      of: "            bash-12    [001] \(line.letters)  2209.581324: softirq_raise: vec=3\n", flags: true)
    #expect(events == ["\(line.context) softirqRaise(vector: 3)"])
  }

  private func contexts(_ lines: [String]) throws -> [String] {
    let text = lines.enumerated().map { index, line in
      let parts = line.split(separator: " ", maxSplits: 1)
      return line.hasPrefix("CPU:") ? "\(line)\n" : "            bash-12    [00\(parts[0])]   1.0000\(10 + index): \(parts[1])\n"
    }
    let (events, _) = try EventText.events(of: text.joined(), flags: true)
    return events.map { String($0.prefix { $0 != " " }) }
  }

  @Test("follows from the interrupts of its CPU where it has no letters")
  func synthesis() throws {
    let contexts = try contexts([
      "0 net_dev_queue: dev=lo skbaddr=01 len=1", "0 irq_handler_entry: irq=1 name=x", "0 softirq_raise: vec=3",
      "1 softirq_raise: vec=3", "0 irq_handler_exit: irq=1 ret=handled", "0 softirq_entry: vec=3", "0 irq_handler_entry: irq=1 name=x",
      "0 softirq_raise: vec=3", "0 irq_handler_exit: irq=1 ret=handled", "0 softirq_exit: vec=3",
      "0 net_dev_queue: dev=lo skbaddr=01 len=1"
    ])
    #expect(
      contexts == [
        "task", "hardirq", "hardirq", "task", "hardirq", "softirq", "hardirq+softirq", "hardirq+softirq", "hardirq+softirq", "softirq",
        "task"
      ])
  }

  @Test("is forgotten where events were lost, and where a task is switched to")
  func forgetting() throws {
    let raise = "softirq_raise: vec=3"
    let contexts = try contexts([
      "0 softirq_entry: vec=3", "0 \(raise)", "CPU:0 [LOST EVENTS]", "0 \(raise)", "0 irq_handler_entry: irq=1 name=x",
      "0 irq_handler_entry: irq=2 name=x", "0 irq_handler_exit: irq=2 ret=handled", "0 \(raise)", "0 sched_switch: a:1 [2] S ==> b:2 [3]",
      "0 \(raise)"
    ])
    #expect(contexts == ["softirq", "softirq", "task", "task", "hardirq", "hardirq", "hardirq", "hardirq", "task", "task"])
  }

  @Test("names its task")
  func tasks() throws {
    var tasks = TextTasks()
    var names = NameTable()
    func comm(_ pid: Int32) -> String? { tasks.comm(pid).map { names[$0] } }
    tasks.learn(18, names.intern("migration/0"))
    tasks.learn(0, names.intern("swapper/0"))
    tasks.learn(18, names.intern("other"))
    #expect(comm(18) == "migration/0" && comm(0) == nil && comm(1) == nil)
  }
}
