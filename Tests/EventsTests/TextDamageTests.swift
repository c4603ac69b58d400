import Decoding
import Foundation
import Support
import Testing

@testable import Events

@Suite("Damaged text")
struct TextDamageTests {
  private static let lines = [
    "# tracer: nop", "# entries-in-buffer/entries-written: 62/62   #P:2",
    "          <idle>-0       [001] d.h1.  2209.435692: irq_handler_entry: irq=36 name=eth0-rx",
    "          <idle>-0       (-------) [001] d.h1.  2209.435693: softirq_raise: vec=3 [action=NET_RX]",
    "  <idle>-0         1..s1. 15911us+: softirq_entry: vec=3 [action=NET_RX]",
    "CPU:1 [LOST 12 EVENTS]", "CPU:0 [EVENTS DROPPED]",
    "            bash-8808    [000] ..s1.  2209.435694: napi_poll: napi poll on napi struct 000000005e23bcda for device lo work 1 budget 6",
    "            bash-8808    [001] ..s1.  2209.435695: netif_receive_skb: dev=lo skbaddr=0000000092acc9d2 len=78",
    "            bash-8808    [001] ..s1.  2209.435696: tcp_probe: family=AF_INET6 src=[::1]:37409 dest=[fe80::1:2]:36974 mark=0x0 "
      + "data_len=1000 sock_cookie=4 skbaddr=0000000060fd65e0 skaddr=00000000fe3fa5fc",
    "            bash-8808    [001] .....  2209.435697: inet_sock_set_state: family=AF_INET6 protocol=IPPROTO_TCP sport=1 dport=2 "
      + "saddr=1.2.3.4 daddr=0.0.0.0 saddrv6=::ffff:1.2.3.4 daddrv6=:: oldstate=TCP_CLOSE newstate=TCP_LISTEN",
    "            bash-8808    [000] d..2.  2209.435698: sched_switch: prev_comm=a prev_pid=8 prev_prio=1 prev_state=S ==> next_comm=b "
      + "next_pid=9 next_prio=1",
    "            bash-8808    [000] d..2.  2209.435699: sched_switch: bash:9148 [120] S ==> kworker/0:1:9154 [120]",
    "            bash-8808    [000] d..3.  2209.435700: sched_waking: comm=python3 pid=9154 prio=120 target_cpu=001",
    "            bash-8808    [001] ..s1.  2209.435701: kfree_skb: skbaddr=01 protocol=2048 location=ip_rcv+0x1/0x2 reason: NO_SOCKET"
  ]

  @Test("is read to its end, whatever was done to it", arguments: 0..<100 as Range<UInt64>)
  func survives(seed: UInt64) throws {
    var random = SplitMix(state: seed)
    var text = ""
    for _ in 0..<20 { text += (Self.lines.randomElement(using: &random) ?? "") + "\n" }
    var bytes = Array(text.utf8)
    for _ in 0..<Int.random(in: 1...60, using: &random) {
      let at = Int.random(in: 0..<bytes.count, using: &random)
      switch Int.random(in: 0..<4, using: &random) {
      case 0: bytes[at] = UInt8.random(in: 1...255, using: &random)
      case 1: bytes.remove(at: at)
      case 2: bytes.insert(contentsOf: Array("9 :-[]=.\n+x".utf8).shuffled(using: &random).prefix(3), at: at)
      default: bytes.insert(contentsOf: [UInt8](repeating: UInt8(ascii: "9"), count: 22), at: at)
      }
    }
    let head = Self.lines.prefix(9).joined(separator: "\n") + "\n"
    let (events, diagnostics) = try EventText.events(of: Array(head.utf8) + bytes)
    #expect(events.count >= 5)
    #expect(diagnostics.rows.allSatisfy { $0.count > 0 })
  }
}
