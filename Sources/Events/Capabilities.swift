internal import Decoding

/// What a recording can show, decided once from the events and fields its kernel describes.
public struct Capabilities: Sendable {
  /// The kinds of event that are described (they need not have been recorded); of text, those that it may have.
  public let kinds: Set<EventKind>
  /// Whether tcp_probe names the packet and the socket (kernel 6.12 and later).
  public let probeNamesPacket: Bool
  /// Whether kfree_skb gives a reason (kernel 5.17 and later).
  public let hasDropReasons: Bool
  /// Whether sk_data_ready exists (kernel 6.3 and later) and names its socket (binary recordings).
  public let readyNamesSocket: Bool
  /// Whether a kprobe or fprobe named after sock_def_readable is described. The function tracer's records of it, probes of other names and
  /// probes in text show only as they come.
  public let hasReadableProbe: Bool
  /// Whether that probe names its socket.
  public let readableNamesSocket: Bool
  /// Whether events say what their CPU was doing. Text without letters does not: an interrupt that leaves no event of its own
  /// (the timer's) cannot be told from what it interrupts.
  public let hasContext: Bool
  /// Up to here some CPU's events had been let go before they were read, in nanoseconds of the recording's clock; 0 if none had.
  public var completeFrom: UInt64

  /// The capabilities of events that come from elsewhere than a recording.
  public init(kinds: Set<EventKind>, probeNamesPacket: Bool) {
    self.kinds = kinds
    self.probeNamesPacket = probeNamesPacket
    hasDropReasons = true
    readyNamesSocket = kinds.contains(.skDataReady)
    hasReadableProbe = false
    readableNamesSocket = false
    hasContext = true
    completeFrom = 0
  }

  /// Kinds whose absence changes how journeys are made: kernels before 6.3 do not have them.
  static let deciding: [EventKind] = [.skDataReady, .sockRecvLength, .sockSendLength]

  /// What the kernels of `recording`, described by `decoders`, can show, or its text.
  init(_ decoders: [EventDecoder], _ recording: Recording) {
    let survey = recording.survey(for: Set(Self.deciding.map(\.name)))
    completeFrom = recording.completeFrom
    if let survey {
      kinds = Set(
        EventKind.allCases.filter { kind in
          kind.tracepoint.isReadFromText && (!Self.deciding.contains(kind) || survey.events.contains(kind.name))
        })
    } else {
      kinds = decoders.reduce(into: []) { $0.formUnion($1.kinds) }
    }
    let isText = survey != nil
    probeNamesPacket = isText || decoders.contains { $0.has("skbaddr", in: .tcpProbe) }
    hasDropReasons = isText || decoders.contains { $0.has("reason", in: .kfreeSkb) }
    hasReadableProbe = decoders.contains { $0.readableProbe.isThere }
    readableNamesSocket = decoders.contains { $0.readableProbe.namesSocket }
    readyNamesSocket = !isText && kinds.contains(.skDataReady)
    hasContext = survey?.hasLetters ?? true
  }
}
