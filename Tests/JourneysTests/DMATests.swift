import Events
import Testing

@testable import Journeys

/// The DMA stage (Docs/kernel-facts.md, Appendix C): posted to the NIC, claimed by the driver, both by address.
@Suite struct DMATests {
  private func buffer(_ k: Script, _ address: UInt64, _ direction: DMABuffer.Direction = .fromDevice) -> DMABuffer {
    DMABuffer(device: k.name("0000:00:03.0"), address: address, size: 2048, direction: direction)
  }

  /// e1000e: the buffer is unmapped just before its packet is handed over, and a new one is posted behind it.
  @Test func aBufferIsPostedFilledAndClaimed() throws {
    let k = Script()
    let (first, second) = (buffer(k, 0x1000), buffer(k, 0x2000))
    k.emit(.dmaMap(first))
    k.emit(.dmaMap(second))
    k.interrupt()
    k.softirq {
      $0.emit(.dmaUnmap(first))
      $0.gro(0xa, 152)
      $0.emit(.dmaUnmap(second))
      $0.gro(0xb, 152)
      for skb: UInt64 in [0xa, 0xb] { $0.receive(skb, 152) }
      $0.poll(work: 2)
    }
    k.finish()
    let journey = try #require(k.journey(0xa))
    #expect(journey.path == [.posted, .irq, .raise, .softirq, .claimed, .gro, .receive])
    #expect(journey.stages[.posted]?.time == 1_001_000)
    #expect(journey.stages[.claimed]?.evidence == .dmaUnmap)
    #expect(journey.firstTime == journey.stages[.irq]?.time, "a buffer waits for a packet, not the packet")
    #expect(k.journey(0xb)?.stages[.posted]?.time == 1_002_000)
  }

  /// Buffers that a packet leaves the machine from are not its business, nor is the one of a packet that was not handed over.
  @Test func otherBuffersAreNotThePackets() throws {
    let k = Script()
    let (out, filled) = (buffer(k, 0x1000, .toDevice), buffer(k, 0x2000))
    k.emit(.dmaMap(out))
    k.interrupt()
    k.softirq {
      $0.emit(.dmaUnmap(out))
      $0.gro(0xa, 152)
      $0.receive(0xa, 152)
      $0.emit(.dmaUnmap(filled))
      $0.poll()
      $0.gro(0xb, 152)
      $0.receive(0xb, 152)
      $0.poll()
    }
    k.finish()
    #expect(k.journey(0xa)?.stages.has(.claimed) == false)
    #expect(k.journey(0xb)?.stages.has(.claimed) == false)
  }

  /// The driver has found the packet in its ring; the interrupt that breaks in then is not the packet's, though it is of the same queue.
  @Test func anInterruptAfterTheClaimAnnouncesLaterPackets() throws {
    let k = Script()
    for _ in 0..<2 {
      k.interrupt()
      k.softirq {
        $0.gro(0x1, 60)
        $0.receive(0x1, 60)
        $0.poll()
      }
    }
    let first = buffer(k, 0x1000)
    k.emit(.dmaMap(first))
    k.softirq {
      $0.emit(.dmaUnmap(first))
      $0.on([.softirq, .hardirq]) {
        $0.emit(.irqHandlerEntry(irq: 38, name: .none))
        $0.emit(.irqHandlerExit(irq: 38))
      }
      $0.gro(0xa, 152)
      $0.receive(0xa, 152)
      $0.poll()
    }
    k.finish()
    #expect(k.journey(0xa)?.path == [.posted, .softirq, .claimed, .gro, .receive])
  }

  /// A page pool maps a page once and synchronises it each time: when it was posted is known only the first time.
  @Test func aPageOfAPoolIsPostedOnce() throws {
    let k = Script()
    let page = buffer(k, 0x1000)
    k.emit(.dmaMap(page))
    for skb: UInt64 in [0xa, 0xb] {
      k.interrupt()
      k.softirq {
        $0.emit(.dmaSyncForCPU(page))
        $0.gro(skb, 152)
        $0.receive(skb, 152)
        $0.poll()
      }
    }
    k.finish()
    #expect(k.journey(0xa)?.stages.has(.posted) == true)
    #expect(k.journey(0xb)?.stages.has(.posted) == false)
    #expect(k.journey(0xb)?.stages[.claimed]?.evidence == .dmaSyncForCPU)
  }
}
