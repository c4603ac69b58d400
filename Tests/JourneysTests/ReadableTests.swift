import Events
import Testing

@testable import Journeys

/// Kernels before 6.3: no sk_data_ready, no sock_recv_length; a probe on sock_def_readable tells when sockets announce data.
@Suite struct ReadableTests {
  private static let old = Capabilities(
    kinds: Set(EventKind.allCases).subtracting([.skDataReady, .sockRecvLength, .sockSendLength]), probeNamesPacket: false)

  /// A batch of datagrams to two sockets: each announcement takes the next of them, and wakes that socket's reader.
  @Test func datagramsOfABatchFindTheirReaders() throws {
    let k = Script(Self.old)
    k.interrupt()
    k.softirq {
      for skb: UInt64 in [0xa, 0xb] { $0.gro(skb, 152) }
      for skb: UInt64 in [0xa, 0xb] { $0.receive(skb, 152) }
      for (socket, reader) in [(0x50, 7), (0x60, 8)] as [(UInt64, Int32)] {
        $0.emit(.sockDefReadable(socket: socket))
        $0.wake(reader)
      }
      $0.poll(work: 2)
    }
    k.run(8)
    k.on(pid: 8, []) { $0.emit(.consumeSkb(skb: 0xb, location: 0)) }
    k.run(7, after: 8)
    k.on(pid: 7, []) { $0.emit(.consumeSkb(skb: 0xa, location: 0)) }
    for (skb, socket, reader) in [(0xa, 0x50, 7), (0xb, 0x60, 8)] as [(UInt64, UInt64, Int32)] {
      let journey = try #require(k.journey(skb))
      #expect(journey.path == [.irq, .raise, .softirq, .gro, .receive, .ready, .waking, .running, .read])
      #expect(journey.stages[.ready]?.evidence == .sockDefReadable)
      #expect(journey.stages[.waking]?.link == .ordered)
      #expect(journey.socket == socket)
      #expect(journey.reader?.pid == reader)
      #expect(journey.woke?.pid == reader)
      #expect(journey.outcome == .delivered)
    }
  }

  /// An interrupt holds up the CPU that is still at the batch, and the reader frees the datagram meanwhile.
  @Test func aDatagramIsReadBeforeItsBatchIsOver() throws {
    let k = Script(Self.old)
    k.interrupt()
    k.softirq {
      $0.gro(0xa, 152)
      $0.receive(0xa, 152)
      $0.emit(.sockDefReadable(socket: 0x50))
      $0.wake(7)
      $0.run(7, cpu: 1)
      $0.on(cpu: 1, pid: 7, []) { $0.emit(.consumeSkb(skb: 0xa, location: 0)) }
      $0.poll()
    }
    let journey = try #require(k.journey(0xa))
    #expect(journey.outcome == .delivered)
    #expect(journey.reader?.pid == 7)
    #expect(journey.stages[.read]?.link == .exact)
  }

  /// TCP: the segment in hand is the one that is announced.
  @Test func aSegmentIsAnnounced() throws {
    let k = Script(Self.old)
    k.interrupt()
    k.softirq {
      $0.gro(0xa, 152)
      $0.receive(0xa, 152)
      $0.probe(0, socket: 0, 100)
      $0.emit(.sockDefReadable(socket: 0x50))
      $0.wake(7)
      $0.poll()
    }
    k.finish()
    let journey = try #require(k.journey(0xa))
    #expect(journey.stages[.ready]?.evidence == .sockDefReadable)
    #expect(journey.woke?.pid == 7)
    #expect(journey.socket == 0x50)
  }

  /// A pipe of another family (AF_UNIX) announces data, too, in a task.
  @Test func otherFamiliesAnnounceDataToo() {
    let k = Script(Self.old)
    k.interrupt()
    k.softirq {
      $0.gro(0xa, 152)
      $0.receive(0xa, 152)
      $0.poll()
    }
    k.on(pid: 5, []) {
      $0.emit(.sockDefReadable(socket: 0x70))
      $0.wake(9)
    }
    k.finish()
    #expect(k.journey(0xa)?.stages.has(.ready) == false)
    #expect(k.journey(0xa)?.woke == nil)
  }
}
