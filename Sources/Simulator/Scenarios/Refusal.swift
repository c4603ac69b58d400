/// Which rules cannot be broken so that a recording shows it.
extension Plan {
  private var hasStreams: Bool { remoteStreams + localStreams > 0 }
  /// Whether a connection gets more than one segment.
  private var hasSegments: Bool { messages > 1 || bytes.upperBound > CPU.segmentSize }

  /// Why, in words, or nil.
  func refusal(of deviation: Deviation) -> String? {
    switch deviation {
    case .mergedBytes where remoteStreams == 0 || bytes.upperBound <= CPU.segmentSize: "GRO merges none of its packets"
    case .dataReady where !hasStreams || !hasSegments: "none of its connections gets data twice"
    case .copiedBytes where !hasStreams: "it has no connection that gets data"
    case .nesting where datagrams + remoteStreams + outgoingStreams + pings == 0: "it has no device that interrupts"
    default: nil
    }
  }
}

extension Kernel {
  /// Why, in words, or nil.
  func refusal(of deviation: Deviation) -> String? {
    switch deviation {
    case .dataReady where !hasDataReady, .wakings where !hasDataReady: "its kernel has no event sk_data_ready, which the rule is about"
    case .copiedBytes where !hasDataReady: "its kernel has no event sock_recv_length, which the rule is about"
    default: nil
    }
  }
}
