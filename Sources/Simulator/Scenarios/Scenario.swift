/// What is played: a machine, its traffic and its programs, all of it drawn from a seed.
public struct Scenario: Sendable {
  public var name: String
  public var seed: UInt64
  public var kernel = Kernel.v6_12
  /// The rule of the model that it breaks, once, where the recording shows it.
  public var deviation: Deviation?
  /// Whether it is recorded with the probes of `wakepath record`: each packet's own header, and sock_def_readable where there is no event for it.
  public var hasProbes = false
  /// Packets are left out from this share of the traffic on (1: none), to make a failing scenario smaller.
  public var share = 1.0

  public init(_ name: String, seed: UInt64 = 1) {
    self.name = name
    self.seed = seed
  }

  /// What came of playing it.
  public struct Outcome {
    public let recording: EventRecording
    public let truth: Truth
    /// Whether it was stopped before everything had come to an end.
    public let isCut: Bool
    /// Whether packets were recorded with their headers.
    public let hasProbes: Bool
    /// Whether the rule that was to be broken was, so that the recording shows it.
    public let hasDeviated: Bool
    /// Whether there was an occasion to break it.
    let hasOccasion: Bool
  }

  /// The scenarios that can be played by name, each with a sentence.
  public static let catalog: [(name: String, summary: String)] = [
    ("udp", "datagrams from the wire to a reader that blocks; one port has no socket"),
    ("tcp-bulk", "a peer sends bursts of segments; GRO merges them, the reader wakes for few of them"),
    ("gro", "several connections at once, whose segments GRO holds and merges"),
    ("rps", "a NIC's packets and loopback's are handed to another CPU by RPS"),
    ("ksoftirqd", "a flood with busy CPUs: NET_RX runs out of budget and time, and ksoftirqd goes on"),
    ("backlog", "loopback connections whose sockets are owned by tasks when segments arrive"),
    ("handshake", "connections that begin and end with little between"),
    ("lossy", "segments lost, late and twice; queues that overflow"),
    ("busy-reader", "readers that ask again and again and never sleep"),
    ("low-water", "SO_RCVLOWAT keeps readers asleep"),
    ("random", "anything of the above, drawn from the seed")
  ]

  /// Occasions to break a rule that are tried until one shows in the recording.
  private static let occasions = 60

  /// Plays it. A rule is broken on the first occasion that shows; it is played again for each.
  public func play() -> Outcome {
    guard let deviation else { return play(nil) }
    var passes = 0
    while true {
      let outcome = play(Injection(deviation, passes: passes))
      passes += 1
      if outcome.hasDeviated || !outcome.hasOccasion || passes == Self.occasions { return outcome }
    }
  }

  private func play(_ injection: Injection?) -> Outcome {
    var draw = SeededGenerator(seed: seed &* 31 &+ 7)
    let plan = Plan(self, &draw)
    let machine = Machine(kernel: kernel, seed: seed, cpus: plan.cpus)
    machine.injection = injection
    machine.hasProbes = hasProbes
    plan.build(machine)
    machine.play(until: plan.end)
    let hasOccasion = machine.injection?.hasHappened ?? false
    return Outcome(
      recording: machine.recording, truth: machine.truth, isCut: plan.end != .max, hasProbes: hasProbes,
      hasDeviated: hasOccasion && machine.injection?.isShown() ?? false, hasOccasion: hasOccasion)
  }

  /// Why no recording of it can show that the rule is broken, in words, or nil if one can.
  public var refusal: String? {
    guard let deviation else { return nil }
    var draw = SeededGenerator(seed: seed &* 31 &+ 7)
    return kernel.refusal(of: deviation) ?? Plan(self, &draw).refusal(of: deviation)
  }
}
