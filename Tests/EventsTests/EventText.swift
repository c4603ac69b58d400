import Decoding
import Foundation

@testable import Events

/// Events written as strings, with names, flows and reasons in place of the ids that stand for them.
enum EventText {
  /// The events of a file of `text`.
  static func events(of text: String, flags: Bool = false) throws -> (events: [String], diagnostics: Diagnostics) {
    try events(of: Array(text.utf8), flags: flags)
  }

  /// The events of a file of `bytes`.
  static func events(of bytes: [UInt8], flags: Bool = false) throws -> (events: [String], diagnostics: Diagnostics) {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("wakepath-\(UUID().uuidString).txt")
    try Data(bytes).write(to: url)
    defer { try? FileManager.default.removeItem(at: url) }
    var stream = EventStream(try Recording(paths: [url.path]))
    var events: [String] = []
    while let event = stream.next() { events.append(flags ? "\(Self.context(event)) \(stream.text(event))" : stream.text(event)) }
    return (events, stream.recording.diagnostics)
  }

  /// The interrupts that an event was written in.
  static func context(_ event: Event) -> String {
    let names = [(ContextFlags.hardirq, "hardirq"), (.softirq, "softirq"), (.bottomHalvesOff, "bh")]
    let set = names.filter { event.flags.contains($0.0) }.map(\.1)
    return set.isEmpty ? "task" : set.joined(separator: "+")
  }
}

extension EventStream {
  /// What happened in `event`, with everything that text prints of it; places in the kernel by name or as addresses.
  func text(_ event: Event, named: Bool = true) -> String {
    switch event.body {
    case .irqHandlerEntry(let irq, let name): "irq \(irq) \(names[name])"
    case .napiPoll(let napi, let device, let work, let budget): "poll \(hex(napi)) \(names[device]) \(work)/\(budget)"
    case .groEntry(let arrival): "gro \(text(arrival))"
    case .netifRxEntry(let arrival): "rx \(text(arrival))"
    case .receiveEntry(let arrival): "receiveEntry \(text(arrival))"
    case .receiveListEntry(let arrival): "receiveListEntry \(text(arrival))"
    case .netifReceiveSkb(let skb, let length, let device): "receive \(hex(skb)) \(length) \(names[device])"
    case .netDevQueue(let skb, let length, let device): "queue \(hex(skb)) \(length) \(names[device])"
    case .netDevStartXmit(let skb, let length, let device): "start \(hex(skb)) \(length) \(names[device])"
    case .netDevXmit(let skb, let length, let rc, let device): "xmit \(hex(skb)) \(length) \(names[device]) rc \(rc)"
    case .kfreeSkb(let skb, let location, let reason): "kfree \(hex(skb)) \(place(location, named)) \(dropReason(reason) ?? "-")"
    case .consumeSkb(let skb, let location): "consume \(hex(skb)) \(place(location, named))"
    case .skDataReady(_, let family, let number): "ready \(family) \(number)"
    case .sockRecvLength(let socket, let family, let number, let result, let flags):
      "recv \(hex(socket)) \(family) \(number) \(result) \(flags)"
    case .sockSendLength(let socket, let family, let number, let result): "send \(hex(socket)) \(family) \(number) \(result)"
    case .inetSockSetState(_, let old, let new, let number, let flow): "state \(old)→\(new) \(number) \(text(flow))"
    case .tcpProbe(let skb, let socket, let cookie, let flow, let length):
      "probe \(hex(skb)) \(hex(socket)) \(cookie) \(text(flow)) \(length)"
    case .tcpRcvSpaceAdjust(_, let cookie, let flow): "adjust \(cookie) \(text(flow))"
    case .tcpDestroySock(_, let cookie): "destroy \(cookie)"
    case .schedWaking(let pid, let comm): "waking \(pid) \(names[comm])"
    case .schedSwitch(let previous, let state, let next, let comm): "switch \(previous) \(state) \(next) \(names[comm])"
    default: "\(event.body)"
    }
  }

  private func text(_ arrival: Arrival) -> String { "\(hex(arrival.skb)) \(names[arrival.device]) \(arrival.napi) \(arrival.length)" }

  private func text(_ id: FlowID) -> String { flows[id].map { "\($0.local)-\($0.remote)" } ?? "?" }

  private func place(_ location: UInt64, _ named: Bool) -> String {
    location == 0 ? "-" : (named ? symbol(at: location) : nil) ?? hex(location)
  }

  private func hex(_ number: UInt64) -> String { String(number, radix: 16) }
}
