internal import Events
internal import Journeys

/// The file that `verify --expect` takes: expectations alone.
extension Expectation {
  /// What the bytes of a file say; `file` is its name, for errors.
  public static func read(_ bytes: [UInt8], file: String) throws(ModelError) -> [Expectation] {
    let root = try Piece(document: bytes, file: file, what: "the file of expectations")
    let fields = try root.fields(["expectations"])
    let list = try fields.piece("expectations").list(of: "an expectation")
    guard !list.isEmpty else { throw root.error("the file expects nothing") }
    var expectations: [Expectation] = []
    for piece in list {
      let next = try Expectation(piece)
      if let twin = expectations.first(where: { $0.title == next.title }) {
        throw piece.error("expectation '\(next.title)' is there twice: it stands in line \(twin.line), too")
      }
      expectations.append(next)
    }
    return expectations
  }

  private static let keys = ["expectation", "packets", "from", "to", "total", "share", "under", "never", "delivered"]

  /// What the file says of one expectation.
  init(_ piece: Piece) throws(ModelError) {
    let fields = try piece.fields(Self.keys)
    title = try fields.text("expectation")
    packets = try PacketFilter(fields.values["packets"])
    let demands = ["under", "never", "delivered"].filter(fields.has)
    guard demands.count == 1 else {
      throw piece.error("an expectation has one of 'under' (a time), 'never' and 'delivered'; this has \(demands.isEmpty ? "none" : "several")")
    }
    (demand, says) = try Self.demand(fields, packets.says)
    line = piece.line
  }

  private static func demand(_ fields: Fields, _ packets: String) throws(ModelError) -> (Demand, String) {
    if let never = fields.values["never"] {
      try fields.refuse(["from", "to", "total", "share"], beside: "never")
      let (trait, says) = try Trait.read(never)
      return (.never(trait), "none of the \(packets) \(says)")
    }
    if let delivered = fields.values["delivered"] {
      try fields.refuse(["from", "to", "total", "share"], beside: "delivered")
      return (.delivered(try Share(delivered)), "at least \(try delivered.text()) of the \(packets) are delivered, not dropped")
    }
    let (share, under) = (try fields.piece("share"), try fields.piece("under"))
    let limit = try under.duration()
    let words = "\(try share.text()) of the \(packets) take less than \(try under.text())"
    if try fields.flag("total") {
      try fields.refuse(["from", "to"], beside: "total")
      return (.time(from: nil, to: nil, share: try Share(share), under: limit), "\(words) from their first sign to the read")
    }
    let from: Stage = try fields.piece("from").choice("stage", from: Vocabulary.stages)
    let to: Stage = try fields.piece("to").choice("stage", from: Vocabulary.stages)
    return (.time(from: from, to: to, share: try Share(share), under: limit), "\(words) from \(from.id) to \(to.id)")
  }
}

extension Expectation.Trait {
  /// What the file forbids, also in words.
  fileprivate static func read(_ piece: Piece) throws(ModelError) -> (Self, String) {
    let fields = try piece.fields(["cause", "condition", "stage", "in", "outcome", "reason"])
    let traits = ["cause", "condition", "stage", "outcome"].filter(fields.has)
    guard traits.count == 1, let trait = traits.first else {
      throw piece.error("'never' names one of cause, condition, stage and outcome")
    }
    guard trait == "stage" || !fields.has("in") else { throw piece.error("'in' goes with 'stage'") }
    guard trait == "outcome" || !fields.has("reason") else { throw piece.error("'reason' goes with 'outcome: dropped'") }
    let value = try fields.piece(trait)
    switch trait {
    case "cause": return (.cause(try value.choice("cause", from: Vocabulary.causes)), "waits because of \(try value.text())")
    case "condition": return (.condition(try value.choice("condition", from: Vocabulary.conditions)), "is \(try value.text())")
    case "stage":
      let context = fields.has("in") ? try fields.piece("in").choice("context", from: Vocabulary.contexts) : nil
      let place = try fields.textIfAny("in").map { " in \($0) context" } ?? ""
      return (.stage(try value.choice("stage", from: Vocabulary.stages), context), "comes to \(try value.text())\(place)")
    default:
      let outcome: Journey.Outcome = try value.choice("outcome")
      let reason = try fields.textIfAny("reason")
      guard reason == nil || outcome == .dropped else { throw try fields.piece("reason").error("'reason' goes with 'outcome: dropped'") }
      return (.outcome(outcome, reason: reason), "is \(outcome.rawValue)\(reason.map { " with \($0)" } ?? "")")
    }
  }
}

extension PacketFilter {
  fileprivate init(_ piece: Piece?) throws(ModelError) {
    guard let piece else { return }
    let fields = try piece.fields(["direction", "device", "port", "flow", "task", "protocol"])
    var words: [String] = []
    if fields.has("direction") {
      direction = try fields.piece("direction").choice("direction")
      words.append(direction == .rx ? "received" : "sent")
    }
    if fields.has("protocol") {
      protocolNumber = try fields.piece("protocol").choice("protocol", from: Self.protocols)
      words.append(try fields.text("protocol"))
    }
    words.append("packets")
    if let port = fields.values["port"] {
      guard let number = UInt16(exactly: try port.whole()) else { throw port.error("a port is a number up to 65535") }
      self.port = number
      words.append("of port \(number)")
    }
    device = try fields.textIfAny("device")
    flow = try fields.textIfAny("flow")
    task = try fields.textIfAny("task")
    if let device { words.append("on \(device)") }
    if let flow { words.append("of flow \(flow)") }
    if let task { words.append("of task \(task)") }
    says = words.joined(separator: " ")
  }

  private static let protocols: [(name: String, value: UInt16)] = [
    ("tcp", Event.IPProtocol.tcp), ("udp", Event.IPProtocol.udp), ("icmp", Event.IPProtocol.icmp), ("icmpv6", Event.IPProtocol.icmpv6)
  ]
}

extension Fields {
  /// Keys that mean nothing beside another.
  fileprivate func refuse(_ keys: [String], beside other: String) throws(ModelError) {
    for key in keys where has(key) { throw try piece(key).error("'\(key)' means nothing beside '\(other)'") }
  }
}

extension Share {
  /// `99 %`, `99.9 %`.
  fileprivate init(_ piece: Piece) throws(ModelError) {
    let text = try piece.text()
    guard text.hasSuffix("%"), let percent = Double(text.dropLast().trimmed), (0...100).contains(percent) else {
      throw piece.error("\(piece.what) must be a share from 0 % to 100 %, not '\(text)'")
    }
    millionths = Int((percent * 10_000).rounded())
  }
}

extension Piece {
  private static let units: [(name: String, nanoseconds: Double)] = [
    ("ns", 1), ("µs", 1e3), ("us", 1e3), ("ms", 1e6), ("s", 1e9)
  ]

  /// A time such as `100 µs`, in nanoseconds.
  fileprivate func duration() throws(ModelError) -> UInt64 {
    let text = try text()
    for unit in Self.units where text.hasSuffix(unit.name) {
      guard let number = Double(text.dropLast(unit.name.count).trimmed), number > 0, number * unit.nanoseconds < 1e18 else { continue }
      return UInt64(number * unit.nanoseconds)
    }
    throw error("\(what) must be a time such as '100 µs' or '2 ms', not '\(text)'")
  }
}

extension Substring {
  /// Without spaces at its end.
  fileprivate var trimmed: Substring {
    var text = self
    while text.last == " " { text.removeLast() }
    return text
  }
}
