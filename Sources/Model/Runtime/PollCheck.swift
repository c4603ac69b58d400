internal import Events
internal import Journeys

/// R1: napi_poll.work is the number of packets that the poll handed to the stack.
struct PollCheck: Sendable {
  /// What was handed over in one context since the last napi_poll or softirq_entry there.
  private struct Window {
    /// Whether its beginning was seen.
    var isWhole = false
    /// Packets handed to GRO, handed over directly, and delivered by the backlog.
    var gro: Int32 = 0
    var direct: Int32 = 0
    var delivered: Int32 = 0
    /// The device of the last one delivered.
    var device = NameID.none
    /// The poll before used up its budget: deliveries out of GRO may follow its event.
    var isAfterFullPoll = false
    /// The packet between netif_receive_skb_entry and netif_receive_skb.
    var entering: UInt64 = 0
    var packets: [Int] = []
  }

  /// One NAPI instance: whether its driver counts what it hands over, and where it did not.
  private struct Books {
    var balanced = 0
    var unbalanced = 0
    /// A CPU's backlog: the kernel's own code counts.
    var isBacklog = false
    var cases: [Case] = []
  }

  private struct Case {
    var event: Event
    var device: NameID
    var work: Int32
    var handed: Int32
    var packets: [Int]
  }

  private var windows: [UInt64: Window] = [:]
  private var books: [UInt64: Books] = [:]
  private var newest = 0
  private var excused = 0

  /// The rule's place in the model.
  private let rule: Int
  /// Books with fewer balanced polls than this say nothing about the driver.
  private let leastPolls: Int
  /// A driver whose polls are out of balance more often than once in so many does not count packets, or an XDP program takes them.
  private let oddOneIn: Int
  /// The same for a backlog, which has no driver.
  private let leastBacklogPolls: Int
  private let oddBacklogOneIn: Int
  private static let caseLimit = 32
  private static let windowLimit = 65_536

  /// The check of `model`'s rule, or nil if it has none.
  init?(_ model: ReferenceModel) {
    guard let rule = model.index(of: .pollWork) else { return nil }
    let numbers = model.rules[rule].numbers
    self.rule = rule
    leastPolls = numbers["least balanced polls"]
    oddOneIn = numbers["habit is one in"]
    leastBacklogPolls = numbers["least balanced polls of a backlog"]
    oddBacklogOneIn = numbers["habit of a backlog is one in"]
  }

  mutating func observe(_ e: Event, _ engine: borrowing JourneyEngine) {
    switch e.kind {
    case .softirqEntry: if e.softirqEntry.vector == SoftIRQ.netRX { begin(e) }
    case .groEntry:
      let id = engine.packet(at: e.groEntry.skb)?.id
      change(e) { window in
        window.gro += 1
        if let id, window.packets.count < 8 { window.packets.append(id) }
      }
      newest = max(newest, id ?? 0)
    case .netifRxEntry: newest = max(newest, engine.packet(at: e.netifRxEntry.skb)?.id ?? 0)
    case .receiveEntry:
      let arrival = e.receiveEntry
      // A bridge receives a packet a second time, which is no new one.
      let isNew = engine.packet(at: arrival.skb).map { $0.id > newest } ?? false
      newest = max(newest, engine.packet(at: arrival.skb)?.id ?? 0)
      change(e) { window in
        if isNew { window.direct += 1 }
        window.entering = arrival.skb
      }
    case .receiveListEntry:
      newest = max(newest, engine.packet(at: e.receiveListEntry.skb)?.id ?? 0)
      change(e) { $0.direct += 1 }
    case .netifReceiveSkb:
      let (skb, device) = (e.netifReceiveSkb.skb, e.netifReceiveSkb.device)
      let id = engine.packet(at: skb)?.id
      newest = max(newest, id ?? 0)
      change(e) { window in
        defer { window.entering = 0 }
        guard window.entering != skb else { return }
        window.delivered += 1
        window.device = device
        if let id, window.gro == 0, window.packets.count < 8 { window.packets.append(id) }
      }
    case .napiPoll: endPoll(e, e.napiPoll.napi, e.napiPoll.device, e.napiPoll.work, e.napiPoll.budget)
    case .gap: windows.removeAll(keepingCapacity: true)
    default: break
    }
  }

  private mutating func begin(_ e: Event) {
    var window = Window()
    window.isWhole = true
    windows[e.contextKey] = window
  }

  private mutating func change(_ e: Event, _ body: (inout Window) -> Void) {
    if windows.count >= Self.windowLimit { windows.removeAll(keepingCapacity: true) }
    body(&windows[e.contextKey, default: Window()])
  }

  private mutating func endPoll(_ e: Event, _ napi: UInt64, _ device: NameID, _ work: Int32, _ budget: Int32) {
    let window = windows[e.contextKey] ?? Window()
    var next = Window()
    next.isWhole = true
    next.isAfterFullPoll = budget > 0 && work >= budget
    windows[e.contextKey] = next
    // netpoll has no budget and receives nothing; a poll that found nothing and handed over nothing is one of a transmit queue.
    guard budget > 0, work > 0 || window.gro + window.direct > 0 else { return }
    guard window.isWhole else {
      excused += 1
      return
    }
    let fromDriver = window.gro + window.direct
    // Deliveries count only for the backlog, which has no GRO; behind a full poll they may still be those of GRO.
    if fromDriver == 0, window.isAfterFullPoll {
      excused += 1
      return
    }
    // What a backlog delivers comes from devices other than its own, and no driver hands it over.
    if fromDriver == 0, window.delivered > 0, window.device != device { books[napi, default: Books()].isBacklog = true }
    let handed = fromDriver > 0 ? fromDriver : window.delivered
    if handed == work {
      books[napi, default: Books()].balanced += 1
    } else {
      keep(Case(event: e, device: device, work: work, handed: handed, packets: window.packets), napi)
    }
  }

  private mutating func keep(_ odd: Case, _ napi: UInt64) {
    books[napi, default: Books()].unbalanced += 1
    if books[napi]?.cases.count ?? 0 < Self.caseLimit { books[napi]?.cases.append(odd) }
  }

  /// Judges every instance by its habit: what is out of balance as an exception is a deviation.
  func finish(_ log: inout DeviationLog) -> RuleCount {
    var count = RuleCount(excused: excused)
    for entry in books.sorted(by: { $0.key < $1.key }).map(\.value) {
      let least = entry.isBacklog ? leastBacklogPolls : leastPolls
      let oddOneIn = entry.isBacklog ? oddBacklogOneIn : oddOneIn
      guard entry.balanced >= least, entry.unbalanced * oddOneIn <= entry.balanced + entry.unbalanced else {
        count.checked += entry.balanced
        count.excused += entry.unbalanced
        continue
      }
      count.checked += entry.balanced + entry.unbalanced
      for odd in entry.cases {
        log.note(rule, kind: odd.handed > odd.work ? 1 : 0, at: odd.event, packets: odd.packets, device: odd.device) {
          (
            "a poll counted \(odd.work) and handed over \(odd.handed)",
            "as many handed over as counted, as in \(entry.balanced) polls of this instance"
          )
        }
      }
    }
    return count
  }
}
