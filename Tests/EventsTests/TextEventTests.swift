import Decoding
import Testing

@testable import Events

@Suite("An event's text")
struct TextEventTests {
  private static let rx =
    "vlan_tagged=0 vlan_proto=0x0000 vlan_tci=0x0000 protocol=0x0800 ip_summed=3 hash=0xdeadbeef l4_hash=1 len=1052 data_len=1000 "
    + "truesize=1832 mac_header_valid=1 mac_header=-14 nr_frags=1 gso_size=0 gso_type=0x1"
  private static let v4 = "sport=40000 dport=7001 saddr=10.9.0.1 daddr=10.9.0.2 saddrv6=::ffff:10.9.0.1 daddrv6=::ffff:10.9.0.2"
  private static let v6 = "sport=40000 dport=7001 saddr=0.0.0.0 daddr=0.0.0.0 saddrv6=fe80::1:2 daddrv6=2001:db8:1:2:3:4:5:6"
  private static let probe = "mark=0x0 data_len=1000 snd_nxt=0x2c snd_una=0x2c snd_cwnd=10 ssthresh=7 snd_wnd=6 srtt=62 rcv_wnd=65483"

  @Test(
    "is read as the kernel and trace-cmd print it",
    arguments: [
      ("irq_handler_entry: irq=38 name=virtio2-input.0", "irq 38 virtio2-input.0"),
      ("irq_handler_entry: irq=9 name=PCIe PME, aerdrv ", "irq 9 PCIe PME, aerdrv"),
      ("irq_handler_exit: irq=38 ret=handled", "irqHandlerExit(irq: 38)"),
      ("softirq_raise: vec=3 [action=NET_RX]", "softirqRaise(vector: 3)"),
      ("softirq_entry: vec=2 [action=NET_TX]", "softirqEntry(vector: 2)"),
      ("softirq_exit: vec=3 [action=NET_RX]", "softirqExit(vector: 3)"),
      ("napi_poll: napi poll on napi struct 000000005e23bcda for device (no_device) work 1 budget 64", "poll 5e23bcda (no_device) 1/64"),
      (
        "napi_poll:            napi poll on napi struct 0xffff888627d2d188 for device eth0 work 12 budget 8",
        "poll ffff888627d2d188 eth0 12/8"
      ),
      ("napi_gro_receive_entry: dev=eth0 napi_id=0x2001 queue_mapping=1 skbaddr=00000000f2ab12cd \(rx)", "gro f2ab12cd eth0 8193 1052"),
      ("napi_gro_frags_entry: dev=eth0 napi_id=0 queue_mapping=1 skbaddr=0xffff8881068bea00 \(rx)", "gro ffff8881068bea00 eth0 0 1052"),
      ("napi_gro_receive_exit: ret=2", "groExit(result: 2)"),
      ("napi_gro_frags_exit: ret=3", "groExit(result: 3)"),
      ("netif_rx_entry: dev=lo napi_id=0x0 queue_mapping=0 skbaddr=ffff8881093f12e0 \(rx)", "rx ffff8881093f12e0 lo 0 1052"),
      (
        "netif_receive_skb_list_entry: dev=br0 napi_id=0x0 queue_mapping=0 skbaddr=(____ptrval____) \(rx)", "receiveListEntry 0 br0 0 1052"
      ),
      ("netif_receive_skb_entry: dev=br0 napi_id=0x0 queue_mapping=0 skbaddr=(____ptrval____) \(rx)", "receiveEntry 0 br0 0 1052"),
      ("netif_receive_skb: dev=lo skbaddr=0000000092acc9d2 len=78", "receive 92acc9d2 78 lo"),
      ("netif_receive_skb: dev=lo skbaddr=          (null) len=78 net_cookie=1", "receive 0 78 lo"),
      ("net_dev_queue: dev=eth0 skbaddr=0xffff8881068bea00 len=92", "queue ffff8881068bea00 92 eth0"),
      (
        "net_dev_start_xmit: dev=eth0 queue_mapping=0 skbaddr=00000000f2ab12cd vlan_tagged=0 len=1066 data_len=1000",
        "start f2ab12cd 1066 eth0"
      ),
      ("net_dev_xmit: dev=eth0 skbaddr=00000000f2ab12cd len=92 rc=-2", "xmit f2ab12cd 92 eth0 rc -2"),
      // 4.14, 5.15 with a reason, 6.12 with a socket; a reason and a place that have no name.
      ("kfree_skb: skbaddr=00000000f2ab12cd protocol=2048 location=000000001db8d7e5", "kfree f2ab12cd 1db8d7e5 -"),
      (
        "kfree_skb: skbaddr=00000000f2ab12cd protocol=2048 location=icmp_rcv+0x12/0x340 reason: NO_SOCKET",
        "kfree f2ab12cd icmp_rcv NO_SOCKET"
      ),
      (
        "kfree_skb: skbaddr=0xffff8881068bea00 rx_sk=(nil) protocol=2048 location=__udp4_lib_rcv+0x4bc reason: NO_SOCKET",
        "kfree ffff8881068bea00 __udp4_lib_rcv NO_SOCKET"
      ),
      (
        "kfree_skb: skbaddr=00000000f2ab12cd rx_sk=0000000000000000 protocol=2048 location=0xffffffffc0a81234 reason: 0x10003",
        "kfree f2ab12cd ffffffffc0a81234 0x10003"
      ),
      ("consume_skb: skbaddr=00000000f2ab12cd", "consume f2ab12cd -"),
      ("consume_skb: skbaddr=00000000f2ab12cd location=ieee80211_rx_list+0x804/0x1570 [mac80211]", "consume f2ab12cd ieee80211_rx_list"),
      ("skb_copy_datagram_iovec: skbaddr=00000000f2ab12cd len=1000", "skbCopyDatagram(skb: 4071297741, length: 1000)"),
      ("sk_data_ready: family=2 protocol=17 func=sock_def_readable", "ready 2 17"),
      (
        "sock_recv_length: sk address = 00000000452221d8, family = AF_INET protocol = 0x11, length = 50, error = 0, flags = 0x40",
        "recv 452221d8 2 17 50 64"
      ),
      (
        "sock_recv_length: sk address = 00000000452221d8, family = AF_INET6 protocol = IPPROTO_TCP, length = 0, error = -11, flags = 0x0",
        "recv 452221d8 10 6 -11 0"
      ),
      (
        "sock_send_length: sk address = 0xffff888100e52f40, family = 0x28 protocol = IPPROTO_MPTCP, length = 50, error = 0, flags = 0x0",
        "send ffff888100e52f40 40 262 50"
      ),
      (
        "inet_sock_set_state: family=AF_INET protocol=IPPROTO_TCP \(v4) oldstate=TCP_SYN_SENT newstate=TCP_ESTABLISHED",
        "state 2→1 6 10.9.0.1:40000-10.9.0.2:7001"
      ),
      (
        "inet_sock_set_state: family=AF_INET6 protocol=IPPROTO_DCCP \(v6) oldstate=TCP_CLOSE newstate=0x17",
        "state 7→23 33 [fe80::1:2]:40000-[2001:db8:1:2:3:4:5:6]:7001"
      ),
      (
        "inet_sock_set_state: family=AF_INET6 protocol=IPPROTO_TCP \(v4) oldstate=TCP_CLOSE newstate=TCP_LISTEN",
        "state 7→10 6 10.9.0.1:40000-10.9.0.2:7001"
      ),
      // 6.12, 5.15 without packet and socket, 4.19 without the family.
      (
        "tcp_probe: family=AF_INET src=127.0.0.1:44565 dest=10.9.0.2:34214 \(probe) sock_cookie=1f skbaddr=000000006a0a0627 skaddr=00000000c1304a70",
        "probe 6a0a0627 c1304a70 31 127.0.0.1:44565-10.9.0.2:34214 1000"
      ),
      (
        "tcp_probe: family=AF_INET6 src=[::1]:37409 dest=[::ffff:10.9.0.2]:36974 \(probe) sock_cookie=4",
        "probe 0 0 4 [::1]:37409-10.9.0.2:36974 1000"
      ),
      ("tcp_probe: src=[fe80::]:7 dest=[1::2]:8 \(probe) sock_cookie=4", "probe 0 0 4 [fe80::]:7-[1::2]:8 1000"),
      ("tcp_rcv_space_adjust: family=AF_INET \(v4) sock_cookie=c", "adjust 12 10.9.0.1:40000-10.9.0.2:7001"),
      ("tcp_rcv_space_adjust: \(v4) sock_cookie=c", "adjust 12 10.9.0.1:40000-10.9.0.2:7001"),
      ("tcp_destroy_sock: family=AF_INET \(v4) sock_cookie=c", "destroy 12"),
      ("sock_rcvqueue_full: rmem_alloc=213760 truesize=1280 sk_rcvbuf=212992", "full 213760 + 1280 > 212992"),
      ("sched_waking: comm=python3 pid=9154 prio=120 target_cpu=001", "waking 9154 python3"),
      ("sched_waking: comm=a pid=7 b: pid=9154 prio=-1 success=1 target_cpu=001", "waking 9154 a pid=7 b:")
    ])
  func isRead(_ line: (text: String, event: String)) throws {
    let (events, diagnostics) = try EventText.events(of: "         my app-1-12    [001] ..s1.  2209.581324: \(line.text)\n")
    #expect(events == [line.event])
    #expect(diagnostics.rows.isEmpty)
  }

  @Test(
    "says which task gave way to which",
    arguments: [
      (
        "prev_comm=bash prev_pid=8808 prev_prio=120 prev_state=S ==> next_comm=swapper/1 next_pid=0 next_prio=120",
        "switch 8808 1 0 swapper/1"
      ),
      ("prev_comm=bash prev_pid=8808 prev_prio=120 prev_state=R ==> next_comm=x y next_pid=5 next_prio=120", "switch 8808 0 5 x y"),
      ("prev_comm=bash prev_pid=8808 prev_prio=120 prev_state=R+ ==> next_comm=x next_pid=5 next_prio=120", "switch 8808 0 5 x"),
      ("prev_comm=bash prev_pid=8808 prev_prio=120 prev_state=D|K ==> next_comm=x next_pid=5 next_prio=120", "switch 8808 1026 5 x"),
      (
        "prev_comm= prev_pid=1 b prev_pid=8808 prev_prio=120 prev_state=t ==> next_comm=a ==> b next_pid=5 next_prio=120",
        "switch 8808 8 5 a ==> b"
      ),
      // libtraceevent's plugin, also with -w.
      ("bash:9148 [120] S ==> kworker/0:1:9154 [120]", "switch 9148 1 9154 kworker/0:1"),
      ("bash:9154 [120] R ==> migration/0:18 [0] Latency: 1.613 usecs", "switch 9154 0 18 migration/0"),
      ("a [1] ==> b:9 [-2] Z|P ==> c ==> d:10:11 [100]", "switch 9 96 11 c ==> d:10"),
      (":9 [1] I ==> x:8 [2] ==> y:7 [3]", "switch 9 128 7 x:8 [2] ==> y")
    ])
  func switches(_ line: (text: String, event: String)) throws {
    let (events, _) = try EventText.events(of: "            bash-12    [001] d..2.  2209.581324: sched_switch: \(line.text)\n")
    #expect(events == [line.event])
  }

  @Test(
    "is passed over and counted where a field is missing",
    arguments: [
      "netif_receive_skb: dev=lo skbaddr=0000000092acc9d2", "netif_receive_skb: dev=lo skbaddr= len=78", "netif_receive_skb: ",
      "softirq_entry: action=NET_RX", "napi_poll: napi poll on napi struct 12 for device lo work 1", "sched_waking: comm=x",
      "sched_switch: a:1 [2] S => b:2 [3]", "sched_switch: prev_comm=x", "tcp_probe: family=AF_INET src=1.2.3:4 dest=1.2.3.4:5 data_len=1",
      "inet_sock_set_state: family=AF_WHAT protocol=IPPROTO_TCP \(v4) oldstate=TCP_CLOSE newstate=TCP_LISTEN",
      "tcp_rcv_space_adjust: family=AF_INET6 sport=1 dport=2 saddrv6=1:2 daddrv6=::1 sock_cookie=1",
      "tcp_rcv_space_adjust: family=AF_INET6 sport=1 dport=2 saddrv6=1::2::3 daddrv6=::1 sock_cookie=1",
      "tcp_rcv_space_adjust: family=AF_INET6 sport=1 dport=2 saddrv6=1:2:3:4:5:6:7:8:9 daddrv6=::1 sock_cookie=1",
      "tcp_rcv_space_adjust: family=AF_INET6 sport=1 dport=2 saddrv6=::12345 daddrv6=::1 sock_cookie=1"
    ])
  func isDamaged(_ text: String) throws {
    let (events, diagnostics) = try EventText.events(of: "            bash-12    [001] d..2.  2209.581324: \(text)\n")
    #expect(events.isEmpty)
    #expect(diagnostics.rows.map(\.kind) == [.lineNotUnderstood] && diagnostics.rows.first?.offset == 0)
  }

  @Test(
    "is passed over where it is none of ours",
    arguments: ["sys_enter: NR 1", "<stack trace>", "a_very_long_name_of_an_event: x"])
  func isOther(_ text: String) throws {
    let (events, diagnostics) = try EventText.events(of: "            bash-12    [001] d..2.  2209.581324: \(text)\n")
    #expect(events.isEmpty && diagnostics.rows.isEmpty)
  }
}
