internal import Events
internal import Journeys

/// S1, S2a, S2b, S5, S7, S8 and S9: what complete journeys show.
struct PacketClaims: Sendable {
  /// Cases for and against one claim, and packets that show them.
  private struct Cases {
    var supporting = 0
    var opposing = 0
    var forExamples = Examples()
    var againstExamples = Examples()
    /// Cases that say nothing either way.
    var neutral = 0

    mutating func add(_ isFor: Bool, _ id: Int) {
      if isFor {
        supporting += 1
        forExamples.add(id)
      } else {
        opposing += 1
        againstExamples.add(id)
      }
    }

    func result(_ claim: Claim, _ detail: String) -> ClaimResult {
      ClaimResult(
        claim, by: .trace, for: supporting, against: opposing,
        examples: opposing > 0 ? againstExamples.ids + forExamples.ids.prefix(1) : forExamples.ids, detail: detail)
    }
  }

  private var sent = Cases()
  private var posted = Cases()
  private var announced = AnnouncedPackets()
  private var softly = Cases()
  private var woken = Cases()
  private var pushed = Cases()
  private var handshakes = HandshakeClaim()

  mutating func observe(_ e: Event, _ engine: borrowing JourneyEngine) {
    handshakes.observe(e, engine)
  }

  mutating func judge(_ journey: Journey) {
    guard journey.direction == .rx else { return judgeSent(journey) }
    guard journey.outcome != .merged else { return }
    judgeBuffer(journey)
    announced.add(journey)
    judgeContext(journey)
    judgeWakeup(journey)
    handshakes.judge(journey)
    judgePush(journey)
  }

  /// S1: the call, the queue, the driver; the call is seen when it ends.
  private mutating func judgeSent(_ journey: Journey) {
    guard journey.stages.has(.send), let xmit = journey.stages[.xmit] else {
      sent.neutral += 1
      return
    }
    let queue = journey.stages[.queue]?.time ?? .max
    let start = journey.stages[.start]?.time ?? xmit.time
    sent.add(queue <= start && start <= xmit.time, journey.id)
  }

  /// S2a: of packets with an interrupt that came after their buffers were posted; a buffer filled while its device is polled needs none.
  private mutating func judgeBuffer(_ journey: Journey) {
    guard let post = journey.stages[.posted], let claim = journey.stages[.claimed], let irq = journey.stages[.irq], post.time < irq.time else {
      posted.neutral += 1
      return
    }
    posted.add(irq.time < claim.time, journey.id)
  }

  /// S5: netif_rx only hands the packet over, so what counts on loopback is what comes after.
  private mutating func judgeContext(_ journey: Journey) {
    var contexts: [ExecutionContext] = []
    for stage in [Stage.gro, .receive, .transport] {
      if let mark = journey.stages[stage], mark.evidence != .netifRxEntry, mark.link != .inferred { contexts.append(mark.context) }
    }
    guard !contexts.isEmpty else { return }
    softly.add(contexts.allSatisfy { $0 == .softirq }, journey.id)
  }

  /// S7: of the packets that were read by the task they woke, where the reader's scheduling is recorded.
  private mutating func judgeWakeup(_ journey: Journey) {
    guard journey.outcome == .delivered, !journey.conditions.contains(.unwatched), let receive = journey.stages[.receive],
      let read = journey.stages[.read]
    else { return }
    // Data that come with a FIN wake by sk_state_change before they are announced (`tcp_fin`, net/ipv4/tcp_input.c).
    guard let ready = journey.stages[.ready], let waking = journey.stages[.waking], journey.woke?.pid == journey.reader?.pid,
      waking.time >= ready.time
    else {
      woken.neutral += 1
      return
    }
    let running = journey.stages[.running]?.time ?? waking.time
    let times = [receive.time, ready.time, waking.time, running, read.time]
    woken.add(zip(times, times.dropFirst()).allSatisfy { $0 <= $1 }, journey.id)
  }

  /// S9: a segment with data and without PSH. GRO ends a packet with the segment that has PSH, so only packets of one frame tell.
  private mutating func judgePush(_ journey: Journey) {
    guard journey.protocolNumber == Event.IPProtocol.tcp, let header = journey.header, header.payload ?? 0 > 0, journey.frames == 1,
      journey.outcome == .delivered, !header.flags.contains(.syn), !header.flags.contains(.fin)
    else { return }
    guard !header.flags.contains(.psh) else {
      pushed.neutral += 1
      return
    }
    pushed.add(!journey.stages.has(.ready), journey.id)
  }

  // MARK: results

  func sending(_ claim: Claim) -> ClaimResult {
    sent.result(claim, "\(sent.supporting) packets of send calls went queue → start → xmit; the kernel sent \(sent.neutral) by itself or later")
  }

  func posting(_ claim: Claim) -> ClaimResult {
    posted.result(claim, "\(posted.supporting) buffers were posted, then announced by an interrupt, then taken back")
  }

  func announcing(_ claim: Claim) -> ClaimResult { announced.result(claim) }

  func parsing(_ claim: Claim) -> ClaimResult {
    softly.result(claim, "\(softly.supporting) packets were parsed in soft interrupts only, \(softly.opposing) at least partly by a task")
  }

  func waking(_ claim: Claim) -> ClaimResult {
    woken.result(
      claim, "\(woken.supporting) packets woke their reader and were read, in this order; \(woken.neutral) were read by tasks they had not woken")
  }

  func handshaking(_ claim: Claim) -> ClaimResult { handshakes.result(claim) }

  func pushing(_ claim: Claim) -> ClaimResult {
    pushed.result(
      claim, "\(pushed.opposing) segments without PSH were announced at once, \(pushed.supporting) were not; \(pushed.neutral) had PSH")
  }
}
