/// What a recording can show, decided once from the events and fields its kernel describes.
public struct Capabilities: Sendable {
  /// The kinds of event that are described (they need not have been recorded).
  public let kinds: Set<EventKind>
  /// Whether tcp_probe names the packet and the socket (kernel 6.12 and later).
  public let probeNamesPacket: Bool
  /// Whether kfree_skb gives a reason (kernel 5.17 and later).
  public let hasDropReasons: Bool
  /// Whether sk_data_ready exists (kernel 6.3 and later) and names its socket (binary recordings).
  public let readyNamesSocket: Bool

  init(_ decoders: [EventDecoder], isText: Bool) {
    kinds = isText ? Set(EventKind.allCases) : decoders.reduce(into: []) { $0.formUnion($1.kinds) }
    probeNamesPacket = isText || decoders.contains { $0.has("skbaddr", in: .tcpProbe) }
    hasDropReasons = isText || decoders.contains { $0.has("reason", in: .kfreeSkb) }
    readyNamesSocket = !isText && kinds.contains(.skDataReady)
  }
}
