internal import Events

/// Generic receive offload of one NAPI instance (net/core/gro.c): packets held to merge others into them, and the batch that goes on.
struct GRO {
  /// Heads of flows, oldest first.
  var held: [Packet] = []
  /// Packets that are to be delivered together.
  var batch: [Packet] = []
  /// Frames in it.
  var count = 0
  var round = MergeRound()

  /// `gro_normal_batch`
  static let batchSize = 8
  /// `MAX_GRO_SKBS`
  static let heldLimit = 8
  /// `gro_max_size`
  static let largest = 65_536
}

/// What GRO does from holding a packet until it and all that it held meanwhile have been handed to the protocols.
final class MergeRound {
  /// Packets that are held or on their way out.
  var open = 0
  /// Frames that were merged into them.
  var merged = 0
  /// Whether it is over, and whether all of it came out.
  var isOver = false
  var isWhole = true
}

/// `enum gro_result`
private enum GROResult: Int32 {
  case mergedAndFreed = 1
  case held = 2
  case normal = 3
}

extension CPU {
  /// napi_gro_receive
  func offload(_ packet: Packet, _ napi: NAPI) {
    let truth = ReceivedTruth(packet.address, device: napi.device, length: packet.length)
    packet.received = [truth]
    packet.device = napi.device
    let arrival = Arrival(skb: packet.address, device: name(napi.device), napi: napi.id, length: UInt32(packet.length))
    let mark = emit(.groEntry(arrival))
    machine.truth.add(truth)
    truth.mark(.gro, mark)
    if let sent = packet.sent {
      sent.complete(mark)
      truth.follows = sent
      packet.sent = nil
    }
    announce(truth, napi)
    run({ $0.merge(packet, napi) })
  }

  /// What made the kernel look for the packet.
  private func announce(_ truth: ReceivedTruth, _ napi: NAPI) {
    truth.mark(.irq, napi.current.interrupt)
    truth.mark(.raise, napi.current.raise)
    guard let entry = softirq.entry else { return }
    // Behind an interrupt that came while NET_RX ran, its beginning is not a stage of the packet.
    if let interrupt = napi.current.interrupt, interrupt.time > entry.time { return }
    truth.mark(.softirq, entry)
  }

  /// dev_gro_receive and napi_skb_finish. A flow that cannot take more goes on inside the call.
  private func merge(_ packet: Packet, _ napi: NAPI) {
    guard case .tcp(let segment) = packet.content else { return finish(.normal, packet, napi) }
    let isFlush = segment.isPushed || segment.isFIN || segment.isSYN
    guard let place = napi.gro.held.firstIndex(where: { $0.isFlow(of: segment) }) else {
      guard segment.length > 0, !isFlush else { return finish(.normal, packet, napi) }
      packet.segmentSize = segment.length
      beginRound(packet, napi)
      napi.gro.held.append(packet)
      run({ $0.finish(.held, packet, napi) })
      // gro_flush_oldest
      if napi.gro.held.count > GRO.heldLimit {
        let oldest = napi.gro.held.removeFirst()
        run({ $0.deliver(oldest, napi) })
      }
      return
    }
    let head = napi.gro.held[place]
    guard head.canTake(segment) else {
      napi.gro.held.remove(at: place)
      return run({ $0.deliver(head, napi) }, { $0.finish(.normal, packet, napi) })
    }
    head.take(segment)
    head.round?.merged += 1
    packet.received[0].merge(into: head.received[0])
    run({ $0.finish(.mergedAndFreed, packet, napi) })
    if isFlush || segment.length < head.segmentSize {
      napi.gro.held.remove(at: place)
      run({ $0.deliver(head, napi) })
    }
  }

  /// GRO holds one more.
  private func beginRound(_ packet: Packet, _ napi: NAPI) {
    endRound(napi)
    if napi.gro.round.isOver { napi.gro.round = MergeRound() }
    napi.gro.round.open += 1
    packet.round = napi.gro.round
  }

  /// A poll ends or finds a packet: what is merged from now on belongs to others if all has come out.
  func endRound(_ napi: NAPI) { if napi.gro.round.open == 0 { napi.gro.round.isOver = true } }

  private func finish(_ result: GROResult, _ packet: Packet, _ napi: NAPI) {
    if result == .mergedAndFreed { freeSilently(packet) }
    run({ $0.emit(.groExit(result: result.rawValue)) })
    if result == .normal { run({ $0.deliver(packet, napi) }) }
  }

  /// gro_normal_one
  private func deliver(_ packet: Packet, _ napi: NAPI) {
    napi.gro.batch.append(packet)
    napi.gro.count += packet.frames
    if napi.gro.count >= GRO.batchSize { flushBatch(napi) }
  }

  /// napi_gro_flush
  func flushGRO(_ napi: NAPI) {
    let held = napi.gro.held
    napi.gro.held = []
    for packet in held.reversed() { run({ $0.deliver(packet, napi) }) }
  }

  /// gro_normal_list
  func flushBatch(_ napi: NAPI) {
    let batch = napi.gro.batch
    napi.gro.batch = []
    napi.gro.count = 0
    if !batch.isEmpty { receiveList(batch) }
  }
}

extension Packet {
  fileprivate func isFlow(of segment: Segment) -> Bool {
    guard case .tcp(let own) = content else { return false }
    return own.connection === segment.connection && own.side == segment.side
  }

  /// skb_gro_receive: the next bytes of the flow, no longer than those before, with the same acknowledgement, and within the limit.
  fileprivate func canTake(_ segment: Segment) -> Bool {
    guard case .tcp(let own) = content else { return false }
    return own.to == segment.from && segment.length > 0 && segment.length <= segmentSize && !segment.isSYN
      && own.acknowledges == segment.acknowledges && length + segment.length < GRO.largest
  }

  fileprivate func take(_ segment: Segment) {
    guard case .tcp(var own) = content else { return }
    own.to = segment.to
    own.isFIN = own.isFIN || segment.isFIN
    own.isPushed = own.isPushed || segment.isPushed
    content = .tcp(own)
    length += segment.length
    frames += 1
  }
}
