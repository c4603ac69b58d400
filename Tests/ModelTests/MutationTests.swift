import Events
import Model
import Testing

/// For each rule a recording of a real kernel with one event changed, so that it breaks that rule and no other.
@Suite struct MutationTests {
  private static let tcp = Result { try Replay("6.12-virtio-tcp") }
  private static let udp = Result { try Replay("6.12-virtio-udp") }

  @Test func unchangedItConforms() throws {
    for replay in [try Self.tcp.get(), try Self.udp.get()] {
      let verification = replay.verify()
      let isAsExpected = verification.isAsExpected
      #expect(isAsExpected)
      #expect(verification.broken.isEmpty)
      #expect(verification.journeys.conforming > 900)
    }
  }

  /// The one deviation that `change` makes.
  private func deviation(_ source: Result<Replay, any Error>, _ change: (inout Replay) throws -> Void) throws -> (Deviation, Verification) {
    var replay = try source.get()
    try change(&replay)
    let verification = replay.verify()
    #expect(verification.deviations.count == 1, "\(verification.deviations.map { "\($0.rule.rawValue): \($0.what)" })")
    let isAsExpected = verification.isAsExpected
    #expect(!isAsExpected)
    return (try #require(verification.deviations.first), verification)
  }

  @Test(arguments: [1, -1]) func r1APollThatCountsWrongly(by error: Int32) throws {
    let (deviation, _) = try deviation(Self.tcp) { replay in
      let place = try #require(replay.place(nth: 100) { $1.kind == .napiPoll && $1.napiPoll.work > 1 })
      let poll = replay.events[place].napiPoll
      replay.events[place].body = .napiPoll(napi: poll.napi, device: poll.device, work: poll.work + error, budget: poll.budget)
    }
    #expect(deviation.rule == .r1)
    #expect(!deviation.packets.isEmpty)
  }

  @Test func r2AMergedPacketThatGrewTooMuch() throws {
    let (deviation, verification) = try deviation(Self.tcp) { replay in
      let place = try #require(replay.place(nth: 50) { $1.kind == .netifReceiveSkb && $1.netifReceiveSkb.length > 2000 })
      let packet = replay.events[place].netifReceiveSkb
      replay.events[place].body = .netifReceiveSkb(skb: packet.skb, length: packet.length + 5000, device: packet.device)
    }
    #expect(deviation.rule == .r2)
    #expect(verification.journeys.deviating > 0)
  }

  @Test func r3DataThatAreReadWithoutAnnouncement() throws {
    let (deviation, verification) = try deviation(Self.tcp) { replay in
      let place = try #require(replay.place(nth: 40) { index, _ in isReadNext(replay, index) })
      replay.events.remove(at: place)
    }
    #expect(deviation.rule == .r3)
    #expect(deviation.packets.count == 1)
    #expect(verification.journeys.deviating == 1)
  }

  /// Whether event `index` is the announcement of data that are read before the socket gets more.
  private func isReadNext(_ replay: Replay, _ index: Int) -> Bool {
    let ready = replay.events[index].skDataReady
    guard replay.events[index].kind == .skDataReady, ready.protocolNumber == Event.IPProtocol.tcp else { return false }
    for later in replay.events[(index + 1)...] {
      if later.kind == .tcpProbe, later.tcpProbe.socket == ready.socket, later.tcpProbe.dataLength > 0 { return false }
      if later.kind == .sockRecvLength, later.sockRecvLength.socket == ready.socket { return later.sockRecvLength.result > 0 }
    }
    return false
  }

  @Test func r4ATaskThatIsWokenTwice() throws {
    let (deviation, _) = try deviation(Self.tcp) { replay in
      let place = try #require(replay.place(nth: 30) { isWakingBehindReady(replay, $0, $1) })
      var again = replay.events[place]
      again.time += 1
      replay.events.insert(again, at: place + 1)
    }
    #expect(deviation.rule == .r4)
    #expect(deviation.packets.count == 1)
  }

  /// Where a CPU's events have been let go the task may have run there.
  @Test func r4SaysNothingOfTimesThatAreNotComplete() throws {
    var replay = try Self.tcp.get()
    let place = try #require(replay.place(nth: 30) { isWakingBehindReady(replay, $0, $1) })
    var again = replay.events[place]
    again.time += 1
    replay.events.insert(again, at: place + 1)
    replay.capabilities.completeFrom = again.time
    let verification = replay.verify()
    #expect(verification.deviations.isEmpty)
    #expect(verification.isAsExpected)
    #expect(verification.journeys.skipped > 0)
  }

  private func isWakingBehindReady(_ replay: Replay, _ index: Int, _ event: Event) -> Bool {
    let pid = event.schedWaking.pid
    guard event.kind == .schedWaking, event.flags.contains(.softirq), event.pid != pid,
      let before = replay.events[..<index].last(where: { $0.cpu == event.cpu }), before.kind == .skDataReady
    else { return false }
    // Woken while it sleeps: the next that is seen of it is that it is switched to.
    let next = replay.events[(index + 1)...].first { later in
      if later.kind == .schedSwitch, later.schedSwitch.previous == pid || later.schedSwitch.next == pid { return true }
      return later.pid == pid && !later.flags.contains(.softirq) && !later.flags.contains(.hardirq)
    }
    return next.map { $0.kind == .schedSwitch && $0.schedSwitch.next == pid } ?? false
  }

  @Test func r5AReaderThatRunsWithoutASwitch() throws {
    let (deviation, verification) = try deviation(Self.tcp) { replay in
      let waking = try #require(replay.place(nth: 30) { isWakingBehindReady(replay, $0, $1) })
      let pid = replay.events[waking].schedWaking.pid
      let place = try #require(
        replay.place { index, event in index > waking && event.kind == .schedSwitch && event.schedSwitch.next == pid })
      replay.events.remove(at: place)
    }
    #expect(deviation.rule == .r5)
    #expect(deviation.packets.count == 1)
    #expect(verification.journeys.deviating == 1)
  }

  @Test func r6MoreReadThanCame() throws {
    let (deviation, _) = try deviation(Self.tcp) { replay in
      let place = try #require(replay.events.lastIndex { $0.kind == .sockRecvLength && $0.sockRecvLength.result > 0 })
      let call = replay.events[place].sockRecvLength
      replay.events[place].body = .sockRecvLength(
        socket: call.socket, family: call.family, protocol: call.protocolNumber, result: call.result + 100_000, flags: call.flags)
    }
    #expect(deviation.rule == .r6)
  }

  @Test func r7AHandlerThatNeverEnds() throws {
    let (deviation, _) = try deviation(Self.tcp) { replay in
      replay.events.remove(at: try #require(replay.place(nth: 500) { $1.kind == .irqHandlerExit }))
    }
    #expect(deviation.rule == .r7)
  }

  @Test func r7AHandlerThatEndsTwice() throws {
    let (deviation, _) = try deviation(Self.tcp) { replay in
      let place = try #require(replay.place(nth: 500) { $1.kind == .irqHandlerExit })
      replay.events.insert(replay.events[place], at: place)
    }
    #expect(deviation.rule == .r7)
  }

  @Test func r8ASoftInterruptThatIsSwitchedAway() throws {
    let (deviation, _) = try deviation(Self.tcp) { replay in
      let place = try #require(replay.place(nth: 300) { $1.kind == .netifReceiveSkb && $1.flags.contains(.softirq) })
      var change = replay.events[place]
      change.body = .schedSwitch(previous: change.pid, previousState: 1, next: 99_999, nextComm: .none)
      replay.events.insert(change, at: place)
    }
    #expect(deviation.rule == .r8)
  }

  @Test func g1AStepInTheWrongContext() throws {
    let (deviation, verification) = try deviation(Self.tcp) { replay in
      let place = try #require(replay.place(nth: 100) { $1.kind == .netDevStartXmit && !$1.flags.contains(.softirq) })
      replay.events[place].flags = .hardirq
    }
    #expect(deviation.rule == .g1)
    #expect(verification.journeys.deviating == 1)
  }

  @Test func g2AStepOnTheWrongCPU() throws {
    let (deviation, verification) = try deviation(Self.tcp) { replay in
      let place = try #require(replay.place(nth: 100) { $1.kind == .netDevXmit && !$1.flags.contains(.softirq) })
      replay.events[place].cpu = 1 - replay.events[place].cpu
    }
    #expect(deviation.rule == .g2)
    #expect(verification.journeys.deviating == 1)
  }
}
