internal import Events

/// The events of the simulator's recordings.
enum EventFormats {
  private static let symbols = (
    vectors: "{ 0, \"HI\" }, { 1, \"TIMER\" }, { 2, \"NET_TX\" }, { 3, \"NET_RX\" }, { 7, \"SCHED\" }, { 9, \"RCU\" }",
    family: "{ 2, \"AF_INET\" }, { 10, \"AF_INET6\" }", protocol: "{ 6, \"IPPROTO_TCP\" }, { 17, \"IPPROTO_UDP\" }",
    states: """
    { 1, "TCP_ESTABLISHED" }, { 2, "TCP_SYN_SENT" }, { 3, "TCP_SYN_RECV" }, { 4, "TCP_FIN_WAIT1" }, { 5, "TCP_FIN_WAIT2" }, \
    { 7, "TCP_CLOSE" }, { 8, "TCP_CLOSE_WAIT" }, { 9, "TCP_LAST_ACK" }, { 10, "TCP_LISTEN" }
    """
  )

  private static let packet = "void * skbaddr 8 8,unsigned int len 16 4,__data_loc char[] name 20 4"
  private static let packetPrint = "\"dev=%s skbaddr=%p len=%u\", __get_str(name), REC->skbaddr, REC->len"
  private static let arrival = """
    __data_loc char[] name 8 4,unsigned int napi_id 12 4,u16 queue_mapping 16 2,const void * skbaddr 24 8,bool vlan_tagged 32 1,\
    u16 vlan_proto 34 2,u16 vlan_tci 36 2,u16 protocol 38 2,u8 ip_summed 40 1,u32 hash 44 4,bool l4_hash 48 1,unsigned int len 52 4,\
    unsigned int data_len 56 4,unsigned int truesize 60 4,bool mac_header_valid 64 1,int mac_header 68 4,unsigned char nr_frags 72 1,\
    u16 gso_size 74 2,u16 gso_type 76 2
    """
  private static let arrivalPrint =
    "\"dev=%s napi_id=%#x skbaddr=%p protocol=0x%04x len=%u data_len=%u\", __get_str(name), REC->napi_id, REC->skbaddr, REC->protocol, "
    + "REC->len, REC->data_len"
  private static let start = """
    __data_loc char[] name 8 4,u16 queue_mapping 12 2,const void * skbaddr 16 8,bool vlan_tagged 24 1,u16 vlan_proto 26 2,\
    u16 vlan_tci 28 2,u16 protocol 30 2,u8 ip_summed 32 1,unsigned int len 36 4,unsigned int data_len 40 4,int network_offset 44 4,\
    bool transport_offset_valid 48 1,int transport_offset 52 4,u8 tx_flags 56 1,u16 gso_size 58 2,u16 gso_segs 60 2,u16 gso_type 62 2
    """
  private static let addresses = """
    __u16 sport 24 2,__u16 dport 26 2,__u16 family 28 2,__u16 protocol 30 2,__u8[4] saddr 32 4,__u8[4] daddr 36 4,\
    __u8[16] saddr_v6 40 16,__u8[16] daddr_v6 56 16
    """
  private static let cookie = """
    const void * skaddr 8 8,__u16 sport 16 2,__u16 dport 18 2,__u16 family 20 2,__u8[4] saddr 22 4,__u8[4] daddr 26 4,\
    __u8[16] saddr_v6 30 16,__u8[16] daddr_v6 46 16,__u64 sock_cookie 64 8
    """
  private static let cookiePrint =
    "\"family=%s sport=%hu dport=%hu saddr=%pI4 daddr=%pI4 sock_cookie=%llx\", __print_symbolic(REC->family, \(symbols.family)), "
    + "REC->sport, REC->dport, REC->saddr, REC->daddr, REC->sock_cookie"
  private static let length = "void * sk 8 8,__u16 family 16 2,__u16 protocol 18 2,int ret 20 4,int flags 24 4"
  private static let lengthPrint =
    "\"sk address = %p, family = %s protocol = %s, length = %d, error = %d, flags = 0x%x\", REC->sk, "
    + "__print_symbolic(REC->family, \(symbols.family)), __print_symbolic(REC->protocol, \(symbols.protocol)), "
    + "REC->ret > 0 ? REC->ret : 0, REC->ret < 0 ? REC->ret : 0, REC->flags"
  private static let probe = """
    __u8[28] saddr 8 28,__u8[28] daddr 36 28,__u16 sport 64 2,__u16 dport 66 2,__u16 family 68 2,__u32 mark 72 4,__u16 data_len 76 2,\
    __u32 snd_nxt 80 4,__u32 snd_una 84 4,__u32 snd_cwnd 88 4,__u32 ssthresh 92 4,__u32 snd_wnd 96 4,__u32 srtt 100 4,__u32 rcv_wnd 104 4,\
    __u64 sock_cookie 112 8
    """
  private static let probePrint = "\"src=%pISpc dest=%pISpc data_len=%d sock_cookie=%llx"
  private static let probeValues = "\", REC->saddr, REC->daddr, REC->data_len, REC->sock_cookie"

  /// What a kernel of this generation has, of those that the simulator writes.
  static func all(_ kernel: Kernel) -> [EventFormat] {
    let vector = "\"vec=%u [action=%s]\", REC->vec, __print_symbolic(REC->vec, \(symbols.vectors))"
    let formats = [
      EventFormat(
        301, .irqHandlerEntry, "int irq 8 4,__data_loc char[] name 12 4", "\"irq=%d name=%s\", REC->irq, __get_str(name)"),
      EventFormat(
        302, .irqHandlerExit, "int irq 8 4,int ret 12 4", "\"irq=%d ret=%s\", REC->irq, REC->ret ? \"handled\" : \"unhandled\""),
      EventFormat(303, .softirqRaise, "unsigned int vec 8 4", vector),
      EventFormat(304, .softirqEntry, "unsigned int vec 8 4", vector),
      EventFormat(305, .softirqExit, "unsigned int vec 8 4", vector),
      EventFormat(
        306, .napiPoll, "struct napi_struct * napi 8 8,__data_loc char[] dev_name 16 4,int work 20 4,int budget 24 4",
        "\"napi poll on napi struct %p for device %s work %d budget %d\", REC->napi, __get_str(dev_name), REC->work, REC->budget"),
      EventFormat(307, .groReceiveEntry, arrival, arrivalPrint),
      EventFormat(308, .groReceiveExit, "int ret 8 4", "\"ret=%d\", REC->ret"),
      EventFormat(309, .netifRxEntry, arrival, arrivalPrint),
      EventFormat(310, .netifReceiveSkb, packet, packetPrint),
      EventFormat(311, .netDevQueue, packet, packetPrint),
      EventFormat(
        312, .netDevStartXmit, start, "\"dev=%s skbaddr=%p len=%u\", __get_str(name), REC->skbaddr, REC->len"),
      EventFormat(
        313, .netDevXmit, "void * skbaddr 8 8,unsigned int len 16 4,int rc 20 4,__data_loc char[] name 24 4",
        "\"dev=%s skbaddr=%p len=%u rc=%d\", __get_str(name), REC->skbaddr, REC->len, REC->rc"),
      EventFormat(
        314, .skbCopyDatagram, "const void * skbaddr 8 8,int len 16 4", "\"skbaddr=%p len=%d\", REC->skbaddr, REC->len"),
      EventFormat(
        315, .inetSockSetState, "const void * skaddr 8 8,int oldstate 16 4,int newstate 20 4," + addresses,
        "\"sport=%hu dport=%hu saddr=%pI4 daddr=%pI4 oldstate=%s newstate=%s\", REC->sport, REC->dport, REC->saddr, REC->daddr, "
          + "__print_symbolic(REC->oldstate, \(symbols.states)), __print_symbolic(REC->newstate, \(symbols.states))"),
      EventFormat(316, .tcpRcvSpaceAdjust, cookie, cookiePrint),
      EventFormat(317, .tcpDestroySock, cookie, cookiePrint),
      EventFormat(
        318, .schedWaking, "char[16] comm 8 16,pid_t pid 24 4,int prio 28 4,int target_cpu 32 4",
        "\"comm=%s pid=%d prio=%d target_cpu=%03d\", REC->comm, REC->pid, REC->prio, REC->target_cpu"),
      EventFormat(
        319, .schedSwitch,
        "char[16] prev_comm 8 16,pid_t prev_pid 24 4,int prev_prio 28 4,long prev_state 32 8,char[16] next_comm 40 16,pid_t next_pid 56 4,"
          + "int next_prio 60 4",
        "\"prev_comm=%s prev_pid=%d prev_prio=%d prev_state=%lld ==> next_comm=%s next_pid=%d next_prio=%d\", REC->prev_comm, "
          + "REC->prev_pid, REC->prev_prio, REC->prev_state, REC->next_comm, REC->next_pid, REC->next_prio")
    ]
    return formats + generational(kernel)
  }

  private static func generational(_ kernel: Kernel) -> [EventFormat] {
    let reasons = DropReason.all.map { "{ \($0.rawValue), \"\($0.name)\" }" }.joined(separator: ", ")
    let reason = "__print_symbolic(REC->reason, \(reasons))"
    let names = kernel.probeNamesPacket
    var formats = [
      EventFormat(
        320, .kfreeSkb,
        "void * skbaddr 8 8,void * location 16 8,"
          + (names
            ? "void * rx_sk 24 8,unsigned short protocol 32 2,enum skb_drop_reason reason 36 4"
            : "unsigned short protocol 24 2,enum skb_drop_reason reason 28 4"),
        "\"skbaddr=%p protocol=%u location=%pS reason: %s\", REC->skbaddr, REC->protocol, REC->location, \(reason)"),
      EventFormat(
        321, .consumeSkb, "void * skbaddr 8 8" + (kernel.hasDataReady ? ",void * location 16 8" : ""),
        kernel.hasDataReady ? "\"skbaddr=%p location=%pS\", REC->skbaddr, REC->location" : "\"skbaddr=%p\", REC->skbaddr"),
      EventFormat(
        322, .tcpProbe, probe + (names ? ",const void * skbaddr 120 8,const void * skaddr 128 8" : ""),
        probePrint + (names ? " skbaddr=%p skaddr=%p" : "") + probeValues + (names ? ", REC->skbaddr, REC->skaddr" : ""))
    ]
    guard kernel.hasDataReady else { return formats }
    formats += [
      EventFormat(
        323, .skDataReady, "const void * skaddr 8 8,__u16 family 16 2,__u16 protocol 18 2,unsigned long ip 24 8",
        "\"family=%u protocol=%u func=%ps\", REC->family, REC->protocol, (void *)REC->ip"),
      EventFormat(324, .sockRecvLength, length, lengthPrint),
      EventFormat(325, .sockSendLength, length, lengthPrint)
    ]
    return formats
  }
}
