internal import Events

/// The send side: from the application to the end of transmission.
extension ReferenceModel {
  static let sendStages: [StageModel] = [
    StageModel(
      .send, seenBy: "sock_send_length (written when the call ends), sys_enter_send*", means: "the application hands over data to send",
      begins: "an application sends", source: "sock_sendmsg (net/socket.c), event from 6.3"),
    StageModel(
      .queue, seenBy: "net_dev_queue", means: "the packet reaches the device's queue",
      begins: "an ACK, a retransmission, an echo: the kernel sends by itself", source: "__dev_queue_xmit (net/core/dev.c)"),
    StageModel(
      .start, seenBy: "net_dev_start_xmit", means: "the driver is called with the packet",
      begins: "a segment that was cut from a larger packet (GSO) because the device cannot", source: "netdev_start_xmit (include/linux/netdevice.h)"),
    StageModel(.xmit, seenBy: "net_dev_xmit", means: "the driver has taken the packet (rc 0)", source: "xmit_one (net/core/dev.c)"),
    StageModel(
      .complete, seenBy: "consume_skb or kfree_skb when the NIC is done", means: "the NIC is done with the packet",
      source: "napi_consume_skb, dev_kfree_skb_any (net/core/skbuff.c, net/core/dev.c)")
  ]

  private static let any: [StepContext] = [.process, .softInterrupt, .napiThread]
  private static let freed: [StepContext] = [.softInterrupt, .napiThread, .process, .hardInterrupt]
  private static let completion = "the NIC's completion interrupt goes to its own CPU"
  private static let moved = "the sender may be moved, and TCP sends on from the CPU that takes the ACK"

  static let sendSteps: [Step] = [
    Step(
      .send, .queue, in: any, cpu: .mayChange(moved), ordinary: true,
      "the protocols build the packet (TCP: a clone of what waits for its ACK)"),
    Step(
      .queue, .start, in: any, cpu: .mayChange("whichever CPU runs the queue dequeues it"), ordinary: true,
      "the queue lets it go, at once where it is idle or there is none"),
    Step(.start, .xmit, in: any, ordinary: true, "the driver puts it on its ring"),
    Step(
      .xmit, .complete, in: freed, cpu: .mayChange(completion), ordinary: true,
      "NET_RX of the transmit queue frees it; some drivers in NET_TX or the handler"),
    Step(
      .start, .complete, in: freed, cpu: .mayChange(completion),
      "the NIC was done, on another CPU, before the driver returned"),
    Step(.complete, .xmit, in: any, cpu: .mayChange(completion), "the NIC was done, on another CPU, before the driver returned"),
    Step(
      .queue, .complete, in: freed, cpu: .mayChange(completion),
      "a packet that was cut into segments (GSO) is freed; its segments go on"),
    Step(
      .queue, .xmit, in: any, cpu: .mayChange("whichever CPU runs the queue dequeues it"),
      "net_dev_start_xmit was not recorded"),
    // The event that shows the send call is written at its end.
    Step(
      .xmit, .send, in: [.process], cpu: .mayChange(moved),
      "the packet left before the call returned, which is when the call is seen"),
    Step(
      .complete, .send, in: [.process], cpu: .mayChange(moved),
      "the NIC was done before the call returned, which is when the call is seen"),
    Step(.queue, .send, in: [.process], cpu: .mayChange(moved), "it waits in the queue while the call returns"),
    Step(.start, .send, in: [.process], cpu: .mayChange(moved), "another CPU runs the queue while the call returns"),
    Step(
      .send, .start, in: any, cpu: .mayChange("whichever CPU runs the queue dequeues it"),
      "it waited in the queue until after the call returned"),
    Step(.send, .xmit, in: any, cpu: .mayChange(moved), "another CPU is inside the driver while the call returns"),
    Step(.send, .complete, in: freed, cpu: .mayChange(completion), "the call returned before the NIC was done")
  ]
}
