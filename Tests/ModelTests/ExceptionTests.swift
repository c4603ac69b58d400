import Events
import Model
import Testing

/// What looks like a deviation and is none: the legal exceptions of the rules.
@Suite struct ExceptionTests {
  // MARK: R1

  /// XDP takes frames before they are packets: a device with a program counts more than it hands over, again and again.
  @Test func xdpTakesFrames() throws {
    let k = Play()
    k.ordinaryPolls()
    for _ in 0..<20 {
      k.softirq {
        $0.gro(0xa)
        $0.receive(0xa)
        $0.poll(3)
      }
    }
    let verification = k.finish()
    #expect(verification.broken.isEmpty)
    #expect(verification.result(.r1)?.excused == 20)
  }

  @Test func transmitQueuesAndNetpollHandOverNothing() {
    let k = Play()
    k.ordinaryPolls()
    k.softirq { $0.poll(0) }
    k.softirq { $0.poll(0, budget: 0) }
    #expect(k.finish().broken.isEmpty)
  }

  /// With work equal to budget GRO is flushed behind the event, into the window of the poll that follows.
  @Test func aFullPollIsFlushedBehindItsEvent() {
    let k = Play()
    k.ordinaryPolls()
    k.softirq {
      for skb in 0..<63 as Range<UInt64> {
        $0.gro(0x100 + skb)
        $0.receive(0x100 + skb)
      }
      $0.gro(0xa, 1500, result: 2)
      $0.poll(64)
      $0.receive(0xa, 1500)
      $0.gro(0xb)
      $0.receive(0xb)
      $0.poll(1)
    }
    #expect(k.finish().broken.isEmpty)
  }

  /// A bridge receives the packet of the poll a second time.
  @Test func aBridgeReceivesAgain() {
    let k = Play()
    k.ordinaryPolls()
    k.softirq {
      $0.gro(0xa)
      $0.receive(0xa)
      $0.emit(.receiveEntry(Arrival(skb: 0xa, device: .none, napi: 1, length: 60)))
      $0.receive(0xa)
      $0.poll(1)
    }
    #expect(k.finish().broken.isEmpty)
  }

  @Test func aPollThatBeganBeforeALossIsNotJudged() {
    let k = Play()
    k.ordinaryPolls()
    k.on(.softirq) {
      $0.emit(.softirqEntry(vector: SoftIRQ.netRX))
      $0.gro(0xa)
      $0.emit(.gap(before: 0, events: 5))
      $0.gro(0xb)
      $0.receive(0xb)
      $0.poll(4)
    }
    #expect(k.finish().broken.isEmpty)
  }

  // MARK: R2

  @Test func framesOfTwoFlowsAreCountedTogether() {
    let k = Play()
    k.softirq {
      $0.gro(0xa, 1500, result: 2)
      $0.gro(0xb, 1500, result: 2)
      for skb in 0xc0..<0xc3 as Range<UInt64> { $0.gro(skb, 1500, result: 1) }
      $0.receive(0xa, 1500 + 1448)
      $0.receive(0xb, 1500 + 2 * 1448)
      $0.poll(5)
    }
    let verification = k.finish()
    #expect(verification.broken.isEmpty)
    #expect(verification.result(.r2)?.checked == 1)
  }

  /// The head comes out inside the call that merged the last frame into it.
  @Test func aHeadIsFlushedInsideTheCallThatFilledIt() {
    let k = Play()
    k.softirq {
      $0.gro(0xa, 1500, result: 2)
      $0.emit(.groEntry(Arrival(skb: 0xb, device: .none, napi: 1, length: 1500)))
      $0.on(cpu: 1, .softirq) { $0.poll(0, napi: 0x2000) }
      $0.receive(0xa, 2948)
      $0.emit(.groExit(result: 1))
      $0.poll(2)
    }
    let verification = k.finish()
    #expect(verification.broken.isEmpty)
    #expect(verification.result(.r2)?.checked == 1)
  }

  @Test func aFrameMergedIntoAnEarlierHeadIsLeftOpen() {
    let k = Play()
    k.softirq {
      $0.gro(0xb, 1500, result: 1)
      $0.poll(1)
    }
    let verification = k.finish()
    #expect(verification.broken.isEmpty)
    #expect(verification.result(.r2)?.excused == 1)
  }

  // MARK: R3 and R6

  /// SO_RCVLOWAT: less than was ever announced waits, and a reader that does not wait reads it.
  @Test func littleDataNeedNotBeAnnounced() {
    let k = Play()
    k.connect(0x50)
    k.segment(0xa, 0x50, 1000)
    k.read(0x50, 1000)
    k.segment(0xb, 0x50, 300, isAnnounced: false)
    k.read(0x50, 300)
    let verification = k.finish()
    #expect(verification.broken.isEmpty)
    #expect(verification.result(.r3)?.excused == 1)
  }

  /// The same, and as much waits as was announced before.
  @Test func muchDataMustBeAnnounced() {
    let k = Play()
    k.connect(0x50)
    for skb in [UInt64(0xa), 0xb] {
      k.segment(skb, 0x50, 1000)
      k.read(0x50, 1000)
    }
    k.segment(0xc, 0x50, 1000, isAnnounced: false)
    k.read(0x50, 1000)
    #expect(k.finish().broken == [.r3])
  }

  /// Before a program reads for the first time, it may not have set SO_RCVLOWAT yet.
  @Test func whatIsAnnouncedBeforeTheFirstReadSaysNothing() {
    let k = Play()
    k.connect(0x50)
    k.segment(0xa, 0x50, 1000)
    k.read(0x50, 1000)
    k.segment(0xb, 0x50, 1000, isAnnounced: false)
    k.read(0x50, 1000)
    let verification = k.finish()
    #expect(verification.broken.isEmpty)
    #expect(verification.result(.r3)?.excused == 1)
  }

  /// Out of order: the segment is not readable, and the next one announces both.
  @Test func aHoleIsNotAnnounced() {
    let k = Play()
    k.connect(0x50)
    k.segment(0xa, 0x50, 1000)
    k.read(0x50, 1000)
    k.segment(0xb, 0x50, 1000, isAnnounced: false)
    k.segment(0xc, 0x50, 1000)
    k.read(0x50, 2000)
    #expect(k.finish().broken.isEmpty)
  }

  @Test func peekingReadsNothing() {
    let k = Play()
    k.connect(0x50)
    k.segment(0xa, 0x50, 1000)
    for _ in 0..<3 { k.read(0x50, 1000, flags: 2) }
    k.read(0x50, 1000)
    #expect(k.finish().broken.isEmpty)
  }

  /// After shutdown() segments leave no tcp_probe, and their data are read all the same.
  @Test func dataAfterShutdownAreNotCounted() {
    let k = Play()
    k.connect(0x50)
    k.segment(0xa, 0x50, 100)
    k.read(0x50, 100)
    k.on(pid: 7, []) { $0.emit(.inetSockSetState(socket: 0x50, old: 1, new: 4, protocol: 6, flow: .none)) }
    k.read(0x50, 5000)
    #expect(k.finish().broken.isEmpty)
  }

  @Test func aConnectionFromBeforeTheRecordingIsNotJudged() {
    let k = Play()
    k.segment(0xa, 0x50, 100)
    k.connect(0x51)
    k.read(0x50, 5000)
    let verification = k.finish()
    #expect(verification.broken.isEmpty)
    #expect(verification.result(.r6)?.excused == 1)
  }

  // MARK: R4 and R5

  /// Woken while still on its CPU, before it went to sleep: it goes on without a switch, and may be woken again.
  @Test func aTaskThatIsStillRunningNeedsNoSwitch() {
    let k = Play()
    k.connect(0x50)
    for _ in 0..<4 { k.change(0, 7); k.change(7, 0) }
    k.change(0, 7)
    k.cpu = 1
    for skb in [0xa, 0xb] as [UInt64] {
      k.segment(skb, 0x50, 100)
      k.on(.softirq) {
        $0.emit(.skDataReady(socket: 0x50, family: 2, protocol: 6))
        $0.emit(.schedWaking(pid: 7, comm: .none))
      }
    }
    k.cpu = 0
    k.read(0x50, 200)
    #expect(k.finish().broken.isEmpty)
  }

  /// perf of some tasks only: their switches are seen, those of the others are not.
  @Test func aRecordingOfSomeTasksDoesNotTellWhoRan() {
    let k = Play()
    k.connect(0x50)
    for round in 0..<10 as Range<UInt64> {
      k.pid = 5
      k.segment(0xa0 + round, 0x50, 100, isAnnounced: true)
      k.on(pid: 5, .softirq) {
        $0.emit(.skDataReady(socket: 0x50, family: 2, protocol: 6))
        $0.emit(.schedWaking(pid: 7, comm: .none))
      }
      k.read(0x50, 100, pid: 7)
      k.on(pid: 7, []) { $0.emit(.schedSwitch(previous: 7, previousState: 1, next: 0, nextComm: .none)) }
    }
    let verification = k.finish()
    #expect(!verification.broken.contains(.r5))
    #expect(verification.result(.r5)?.uncheckedBecause != nil)
    #expect(verification.journeys.deviating == 0)
  }

  // MARK: R7 and R8

  @Test func anInterruptInAnInterruptIsNested() {
    let k = Play()
    for _ in 0..<3 {
      k.on(.hardirq) {
        $0.emit(.irqHandlerEntry(irq: 1, name: .none))
        $0.emit(.irqHandlerEntry(irq: 2, name: .none))
        $0.emit(.irqHandlerExit(irq: 2))
        $0.emit(.irqHandlerExit(irq: 1))
      }
    }
    let verification = k.finish()
    #expect(verification.broken.isEmpty)
    #expect(verification.result(.r7)?.checked == 6)
  }

  /// Recordings switch their events on one after another.
  @Test func aHandlerFromBeforeTheRecordingHasNoBeginning() {
    let k = Play()
    k.on(.hardirq) { $0.emit(.irqHandlerExit(irq: 1)) }
    k.softirq { $0.poll(0) }
    k.on(.hardirq) {
      $0.emit(.irqHandlerEntry(irq: 1, name: .none))
      $0.emit(.irqHandlerExit(irq: 1))
    }
    #expect(k.finish().broken.isEmpty)
  }

  @Test(arguments: ["6.12.43+deb13-rt-amd64", "5.14.0-427.rt14", "4.19.98-rt40"])
  func softInterruptsOfRealTimeKernelsArePreempted(release: String) {
    let k = Play(kernel: release)
    k.softirq { $0.emit(.schedSwitch(previous: 0, previousState: 0, next: 9, nextComm: .none)) }
    let verification = k.finish()
    #expect(verification.broken.isEmpty)
    #expect(verification.result(.r8)?.uncheckedBecause != nil)
  }

  @Test(arguments: ["6.12.0-smart1", "6.1.0-art", nil]) func otherKernelsAreNotRealTime(release: String?) {
    let k = Play(kernel: release)
    for _ in 0..<5 { k.softirq { $0.poll(0) } }
    k.softirq { $0.emit(.schedSwitch(previous: 0, previousState: 0, next: 9, nextComm: .none)) }
    #expect(k.finish().broken == [.r8])
  }

  // MARK: what is missing

  @Test func aRuleWithoutItsEventsIsNotChecked() {
    let k = Play()
    k.ordinaryPolls()
    let verification = k.finish()
    #expect(verification.result(.r7)?.uncheckedBecause?.contains("irq_handler_entry") == true)
    #expect(verification.result(.r1)?.uncheckedBecause == nil)
  }

  @Test func journeysWithLostEventsAreSkippedAndCounted() {
    let k = Play()
    k.ordinaryPolls(3)
    k.softirq {
      $0.gro(0xa)
      $0.emit(.gap(before: 0, events: nil))
    }
    let verification = k.finish()
    #expect(verification.journeys.skipped >= 1)
    #expect(verification.broken.isEmpty)
  }

  /// A packet whose delivery was not recorded is no deviation of the kernel, and it does not conform either.
  @Test func whatTheModelCannotExplainDoesNotConform() {
    let k = Play()
    k.ordinaryPolls()
    k.softirq {
      $0.gro(0xa)
      $0.poll(1)
    }
    k.softirq {
      $0.gro(0xa)
      $0.receive(0xa)
      $0.poll(1)
    }
    let verification = k.finish()
    #expect(verification.broken.isEmpty)
    #expect(verification.journeys.unexplained >= 1)
    #expect(verification.unexplained.contains { $0.reason == .end(.unknown, .gro) })
    let isAsExpected = verification.isAsExpected
    #expect(!isAsExpected)
  }
}
