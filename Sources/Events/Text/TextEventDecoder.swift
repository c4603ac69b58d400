internal import Bytes
internal import Decoding

/// Turns lines of trace text into events. What text does not print (the socket of `sk_data_ready`, for example) is 0.
struct TextEventDecoder {
  /// The kinds by name: each at the place that its name chooses, or behind it.
  private var kinds = [(name: EventName, kind: EventKind)?](repeating: nil, count: 256)
  /// How each kind is read; empty for those that are not.
  private var layouts: [TextLayout?]
  /// How each is read where its fields are printed as they are, by `trace-cmd report -R`.
  private let rawLayouts: [TextLayout?]
  private var context = TextContext()
  private var tasks = TextTasks()
  /// The kinds of which an event was understood, a bit for each.
  private var understood: UInt64 = 0
  /// What the recorder's own lines are signed with, once one was.
  private var lineSignature: LineSignature?

  init() {
    layouts = EventKind.allCases.map { $0.tracepoint.isReadFromText ? TextLayout($0.tracepoint) : nil }
    rawLayouts = EventKind.allCases.map { $0.tracepoint.isReadFromText ? TextLayout(raw: $0.tracepoint) : nil }
    for kind in EventKind.allCases where kind.tracepoint.isReadFromText {
      let name = EventName(kind.name)
      var place = name.place
      while kinds[place] != nil { place = (place &+ 1) & 255 }
      kinds[place] = (name, kind)
    }
  }

  private func kind(_ name: EventName) -> EventKind? {
    var place = name.place
    while let entry = kinds[place] {
      if entry.name == name { return entry.kind }
      place = (place &+ 1) & 255
    }
    return nil
  }

  /// An event's name of up to 32 bytes, as four words.
  private struct EventName: Equatable {
    var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    init(_ bytes: RawSpan) { words = (bytes.word(at: 0), bytes.word(at: 8), bytes.word(at: 16), bytes.word(at: 24)) }

    init(_ name: String) {
      let buffer = ByteBuffer(Array(name.utf8))
      self.init(buffer.bytes)
    }

    static func == (a: EventName, b: EventName) -> Bool { a.words == b.words }

    /// Where in a table of 256 it is looked for first.
    var place: Int { Int(truncatingIfNeeded: ((words.0 ^ words.1 &* 3 ^ words.2 &* 5 ^ words.3 &* 7) &* 0x9e37_79b9_7f4a_7c15) >> 56) }
  }

  /// What a line turned out to be.
  enum Outcome {
    case event(Event)
    /// A window of the recording begins or ends.
    case window(Event)
    /// The stack behind the last event of its CPU goes through sock_def_readable.
    case stack(Event)
    /// Not an event that journeys are made of.
    case other
    /// A line of the function tracers for a function that marks no step.
    case function
    /// A field is missing that the event prints; events of its kind have been understood before, or this kernel prints them differently.
    case damaged(wasUnderstood: Bool)
  }

  /// The name of task `pid`, if a line had it.
  func comm(_ pid: Int32) -> NameID? { tasks.comm(pid) }

  /// Events of `cpu` were lost here.
  mutating func forget(cpu: Int32) { context.forget(cpu: cpu) }

  /// Decodes `line`, whose columns are `columns`.
  mutating func decode(_ columns: TextLine, _ line: RawSpan, _ names: inout NameTable, _ flows: inout FlowTable) -> Outcome {
    if columns.isFrame {
      return .stack(Event(time: columns.time, cpu: columns.cpu, pid: columns.pid, flags: [], body: .announcedByStack))
    }
    tasks.see(columns, line, &names)
    let name = columns.name.bytes(of: line)
    let letters = columns.flags.bytes(of: line)
    guard name.byteCount <= 32, let kind = kind(EventName(name)) else {
      switch TextFunction(name, columns.info.bytes(of: line)) {
      case .readable(let socket):
        let flags = letters.isEmpty ? context.now(cpu: columns.cpu) : TextContext.flags(letters: letters)
        return .event(Event(time: columns.time, cpu: columns.cpu, pid: columns.pid, flags: flags, body: .sockDefReadable(socket: socket)))
      case .function: return .function
      case .none: return self.line(columns, line, &names)
      }
    }
    let flags = letters.isEmpty ? context.pass(kind, cpu: columns.cpu) : TextContext.flags(letters: letters)
    do throws(TextFieldMissing) {
      let body = try body(kind, columns.info.bytes(of: line), &names, &flows)
      understood |= 1 << UInt64(kind.rawValue)
      return .event(Event(time: columns.time, cpu: columns.cpu, pid: columns.pid, flags: flags, body: body))
    } catch {
      return .damaged(wasUnderstood: understood >> UInt64(kind.rawValue) & 1 != 0)
    }
  }

  /// What no kernel event is, may be the recorder's own.
  private mutating func line(_ columns: TextLine, _ line: RawSpan, _ names: inout NameTable) -> Outcome {
    let (text, name) = (columns.info.bytes(of: line), columns.name.bytes(of: line))
    // Text has no head to name it; the recorder writes before its command does.
    if lineSignature == nil { lineSignature = RecorderLine.signature(printed: text, name) }
    guard let body = RecorderLine.body(printed: text, name, signedBy: lineSignature, &names) else { return .other }
    let event = Event(time: columns.time, cpu: columns.cpu, pid: 0, flags: [], body: body)
    return event.kind == .windowBegins || event.kind == .windowEnds ? .window(event) : .event(event)
  }

  private mutating func body(
    _ kind: EventKind, _ text: RawSpan, _ names: inout NameTable, _ flows: inout FlowTable
  ) throws(TextFieldMissing) -> EventBody {
    let place = Int(kind.rawValue)
    guard let layout = layouts[place] else { throw TextFieldMissing() }
    if layout.isScheduler { return try scheduled(kind, text, &names) }
    do throws(TextFieldMissing) {
      return try layout.body(text, &names, &flows)
    } catch {
      guard let raw = rawLayouts[place] else { throw error }
      return try raw.body(text, &names, &flows)
    }
  }

  private mutating func scheduled(_ kind: EventKind, _ text: RawSpan, _ names: inout NameTable) throws(TextFieldMissing) -> EventBody {
    if kind == .schedWaking {
      guard let task = TextSched.waking(text) else { throw TextFieldMissing() }
      return .schedWaking(pid: task.pid, comm: learn(task, text, &names))
    }
    guard let change = TextSched.change(text) else { throw TextFieldMissing() }
    return .schedSwitch(
      previous: change.previous, previousState: change.state, next: change.next.pid, nextComm: learn(change.next, text, &names))
  }

  private mutating func learn(_ task: TextSched.Task, _ text: RawSpan, _ names: inout NameTable) -> NameID {
    let comm = names.intern(text.slice(task.start, task.end &- task.start))
    tasks.learn(task.pid, comm)
    return comm
  }
}
