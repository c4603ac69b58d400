internal import Events

/// A state machine as the file says it: what it takes notice of, its states, and which state follows on which event.
struct Machine: Sendable {
  /// What a machine has an instance for.
  enum Subject: String, CaseIterable, Sendable {
    case task, cpu, context
  }

  /// What a loss of events makes of instances.
  enum Loss: String, CaseIterable, Sendable {
    /// Nothing that any instance knew holds, also while a CPU's events are known to be missing.
    case forgetsAll = "forgets all"
    /// The instance of the CPU that lost events begins anew.
    case forgetsItsCPU = "forgets its CPU"
    case forgetsNothing = "forgets nothing"
  }

  /// Which task of an event is meant.
  enum Entity: String, CaseIterable, Sendable {
    case woken, previous, next, current
  }

  /// What the interpreter derives from several events.
  enum Derived: String, CaseIterable, Sendable {
    /// A task is current on a CPU where no sched_switch led to it.
    case works = "task without a switch"
    /// The task that had that CPU before.
    case displaced = "task displaced without a switch"
  }

  /// Where an event is seen: a bit of `EventPlace`.
  enum Place: String, CaseIterable, Sendable {
    case hardInterrupt = "hard interrupt"
    case softInterrupt = "soft interrupt"
    case nmi = "NMI"
  }

  /// One letter of the machine's alphabet.
  struct Symbol: Sendable {
    enum Source: Sendable {
      case kernel([EventKind])
      case derived(Derived)
      case anyOther
    }

    let name: String
    let source: Source
    let entity: Entity
    /// It counts only in one of these places; none: everywhere.
    let inside: [Place]
    /// It does not count in these.
    let outside: [Place]
  }

  struct State: Sendable {
    let name: String
    /// For each symbol that matters here what may happen, the first that holds.
    let reactions: [(symbol: Int, alternatives: [Reaction])]
  }

  let name: String
  let subject: Subject
  let loss: Loss
  let symbols: [Symbol]
  let states: [State]
  /// The index of the state in which instances begin.
  let start: Int
  let line: Int
}

/// What happens in a state on an event, if its condition holds.
struct Reaction: Sendable {
  /// A condition that is implemented in code.
  enum Guard: String, CaseIterable, Sendable {
    case always = ""
    /// The context's announcement machine is not in its first state: its last network event was sk_data_ready.
    case announced = "announced"
    /// What the instance keeps is a packet.
    case wokenByPacket = "woken by a packet"
    /// The wakeup is the doing of a packet.
    case packetWakes = "a packet wakes"
    /// The socket is one of IPv4 or IPv6.
    case internetSocket = "internet socket"
    /// The number of the event is on top of the instance's stack.
    case innermost = "innermost"
    /// The instance's stack is not empty.
    case inside = "inside"
    /// The kernel's release says PREEMPT_RT.
    case realTime = "real-time kernel"
  }

  /// What an instance keeps until it is asked for: a packet or a number, with the event's time and CPU.
  enum Keep: String, CaseIterable, Sendable {
    case packetThatWakes = "packet that wakes"
    case packetInHand = "packet in hand"
    case innermost = "innermost"
  }

  enum Stack: String, CaseIterable, Sendable {
    case push, pop, clear
    /// Take off everything down to the event's number, if it is there.
    case unwind
  }

  /// Which packet a deviation is of.
  enum Concerned: String, CaseIterable, Sendable {
    case kept
    /// The one that the context's announcement is of.
    case announced
  }

  /// The sentence of what is broken.
  struct Breach: Sendable {
    let rule: RuleID
    /// With {entity}, {cpu}, {since}, {number}, {innermost}, {kept}, {previous} for what the event and the instance say.
    let seen: String
    let expected: String
    let packet: Concerned?
    /// It is dated where the kept event was.
    let isAtKept: Bool
  }

  var condition = Guard.always
  /// The state that follows; nil: the same.
  var next: Int?
  var keep: Keep?
  var stack: Stack?
  var checks: RuleID?
  var excuses: RuleID?
  var breach: Breach?
  /// The new state looks at the event once more.
  var isAgain = false
}
