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
    switch event.kind {
    case .irqHandlerEntry: return "irq \(event.irqHandlerEntry.irq) \(names[event.name])"
    case .irqHandlerExit: return "irqHandlerExit(irq: \(event.irqHandlerExit.irq))"
    case .softirqRaise, .softirqEntry, .softirqExit: return "\(event.kind)(vector: \(event.softirqRaise.vector))"
    case .napiPoll:
      let poll = event.napiPoll
      return "poll \(hex(poll.napi)) \(names[poll.device]) \(poll.work)/\(poll.budget)"
    case .groEntry: return "gro \(text(event.arrival))"
    case .groExit: return "groExit(result: \(event.groExit.result))"
    case .netifRxEntry: return "rx \(text(event.arrival))"
    case .receiveEntry: return "receiveEntry \(text(event.arrival))"
    case .receiveListEntry: return "receiveListEntry \(text(event.arrival))"
    case .netifReceiveSkb: return "receive \(text(event.netifReceiveSkb))"
    case .netDevQueue: return "queue \(text(event.netDevQueue))"
    case .netDevStartXmit: return "start \(text(event.netDevStartXmit))"
    case .netDevXmit:
      let packet = event.netDevXmit
      return "xmit \(hex(packet.skb)) \(packet.length) \(names[packet.device]) rc \(packet.rc)"
    case .kfreeSkb:
      let drop = event.kfreeSkb
      return "kfree \(hex(drop.skb)) \(place(drop.location, named)) \(dropReason(drop.reason) ?? "-")"
    case .consumeSkb: return "consume \(hex(event.consumeSkb.skb)) \(place(event.consumeSkb.location, named))"
    case .skbCopyDatagram: return "skbCopyDatagram(skb: \(event.skbCopyDatagram.skb), length: \(event.skbCopyDatagram.length))"
    case .schedWaking: return "waking \(event.schedWaking.pid) \(names[event.name])"
    case .schedSwitch:
      let change = event.schedSwitch
      return "switch \(change.previous) \(change.previousState) \(change.next) \(names[change.nextComm])"
    case .gap: return "gap(before: \(event.gap.before), events: \(event.gap.events.map(String.init) ?? "nil"))"
    default: return socketText(event)
    }
  }

  private func socketText(_ event: Event) -> String {
    switch event.kind {
    case .skDataReady: return "ready \(event.skDataReady.family) \(event.skDataReady.protocolNumber)"
    case .sockRecvLength: return "recv \(text(event.sockRecvLength)) \(event.sockRecvLength.flags)"
    case .sockSendLength: return "send \(text(event.sockSendLength))"
    case .inetSockSetState:
      let change = event.inetSockSetState
      return "state \(change.old)→\(change.new) \(change.protocolNumber) \(text(change.flow))"
    case .tcpProbe:
      let segment = event.tcpProbe
      return "probe \(hex(segment.skb)) \(hex(segment.socket)) \(segment.cookie) \(text(segment.flow)) \(segment.dataLength)"
    case .tcpRcvSpaceAdjust: return "adjust \(event.tcpRcvSpaceAdjust.cookie) \(text(event.tcpRcvSpaceAdjust.flow))"
    case .sockRcvqueueFull:
      let full = event.sockRcvqueueFull
      return "full \(full.allocated) + \(full.truesize) > \(full.limit)"
    case .tcpDestroySock: return "destroy \(event.tcpDestroySock.cookie)"
    case .sockDefReadable: return "sockDefReadable(socket: \(event.sockDefReadable.socket))"
    default: return "\(event.kind)"
    }
  }

  private func text(_ packet: DevicePacket) -> String { "\(hex(packet.skb)) \(packet.length) \(names[packet.device])" }

  private func text(_ call: SocketCall) -> String { "\(hex(call.socket)) \(call.family) \(call.protocolNumber) \(call.result)" }

  private func text(_ arrival: Arrival) -> String { "\(hex(arrival.skb)) \(names[arrival.device]) \(arrival.napi) \(arrival.length)" }

  private func text(_ id: FlowID) -> String { flows[id].map { "\($0.local)-\($0.remote)" } ?? "?" }

  private func place(_ location: UInt64, _ named: Bool) -> String {
    location == 0 ? "-" : (named ? symbol(at: location) : nil) ?? hex(location)
  }

  private func hex(_ number: UInt64) -> String { String(number, radix: 16) }
}
