/// What the experiments' process saw itself, beside which the recording of the kernel is held: one line of text for each entry.
struct Account: Equatable {
  /// A TCP segment that the wire let through, in the order in which its receiver got them.
  struct Passed: Equatable {
    /// What the segment is in its connection.
    enum Role: String, CaseIterable {
      case syn = "SYN"
      case synACK = "SYN-ACK"
      case finalACK = "final ACK"
      case fin = "FIN"
      case ackOfFIN = "ACK of FIN"
      case secondFIN = "second FIN"
      case lastACK = "last ACK"
      case rst = "RST"
      case dataWithPush = "data with PSH"
      case dataWithoutPush = "data without PSH"
      /// Data with PSH for a reader that asked for more (SO_RCVLOWAT) than was there with it.
      case dataBelowLowWater = "data below SO_RCVLOWAT"
      /// Data with PSH that brought what the reader had asked for.
      case dataAtLowWater = "data at SO_RCVLOWAT"
      /// An acknowledgement of data, or what no experiment is about.
      case other
    }

    /// The device it was handed to.
    var device: String
    var role: Role
    /// Calls that slept when it came.
    var slept: [String]
    /// Those of them that had slept no longer a moment later: they returned or went to sleep anew.
    var woke: [String]
  }

  /// A time during which packets came in a certain way, in nanoseconds of the recording's clock.
  struct Window: Equatable {
    var isFlood: Bool
    var from: UInt64
    var to: UInt64
    /// Datagrams sent in it.
    var packets: Int
    /// The share of all CPUs' time that /proc/stat counted as `si`, in thousandths; nil where it does not say.
    var softirqPerMille: Int?
  }

  /// A claim that the process itself could decide.
  struct Finding: Equatable {
    var claim: String
    var supporting: Int
    var opposing: Int
    var detail: String
  }

  /// What could not be tried, and why.
  struct Refusal: Equatable {
    var claim: String
    var why: String
  }

  var passed: [Passed] = []
  var windows: [Window] = []
  var findings: [Finding] = []
  var refusals: [Refusal] = []
  /// The bytes a receive buffer of the experiments holds.
  var receiveBuffer = 0
  /// Whether the process came to its end.
  var isComplete = false
}

extension Account {
  /// The text form: fields separated by tabs.
  var text: String {
    var lines = passed.map { ["segment", $0.device, $0.role.rawValue, $0.slept.joined(separator: ","), $0.woke.joined(separator: ",")] }
    lines += windows.map { window in
      [
        "window", window.isFlood ? "flood" : "rest", "\(window.from)", "\(window.to)", "\(window.packets)",
        window.softirqPerMille.map { "\($0)" } ?? "-"
      ]
    }
    lines += findings.map { ["finding", $0.claim, "\($0.supporting)", "\($0.opposing)", $0.detail] }
    lines += refusals.map { ["refused", $0.claim, $0.why] }
    lines.append(["buffer", "\(receiveBuffer)"])
    if isComplete { lines.append(["end"]) }
    return lines.map { $0.joined(separator: "\t") + "\n" }.joined()
  }

  /// Reads the text form; nil if a line is none of it.
  init?(_ text: String) {
    for line in text.split(separator: "\n") {
      guard read(line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)) else { return nil }
    }
  }

  private mutating func read(_ fields: [String]) -> Bool {
    func list(_ field: String) -> [String] { field.split(separator: ",").map(String.init) }
    switch (fields[0], fields.count) {
    case ("segment", 5):
      guard let role = Passed.Role(rawValue: fields[2]) else { return false }
      passed.append(Passed(device: fields[1], role: role, slept: list(fields[3]), woke: list(fields[4])))
    case ("window", 6):
      guard let from = UInt64(fields[2]), let to = UInt64(fields[3]), let packets = Int(fields[4]) else { return false }
      windows.append(Window(isFlood: fields[1] == "flood", from: from, to: to, packets: packets, softirqPerMille: Int(fields[5])))
    case ("finding", 5):
      guard let supporting = Int(fields[2]), let opposing = Int(fields[3]) else { return false }
      findings.append(Finding(claim: fields[1], supporting: supporting, opposing: opposing, detail: fields[4]))
    case ("refused", 3): refusals.append(Refusal(claim: fields[1], why: fields[2]))
    case ("buffer", 2): receiveBuffer = Int(fields[1]) ?? 0
    case ("end", 1): isComplete = true
    default: return false
    }
    return true
  }
}
