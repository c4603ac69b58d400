/// The declaration of one event of the kernel: everything that Wakepath knows of it. Decoders, recorder, doctor, model and simulator take names,
/// fields and reasons from here; beside it stands the view that names what an `Event` holds of it.
public struct Tracepoint: Sendable {
  /// The event system, the first part of its name in tracefs.
  public let system: String
  /// Its name within the system.
  public let name: String
  /// What happened where the kernel writes it; several tracepoints may tell the same.
  public let kind: EventBody.Kind
  /// What is read of it, in the order in which its text prints it.
  public let fields: [Field]
  /// The first kernel that has it; nil if that is older than any kernel Wakepath is meant for (5.4).
  public let since: String?
  /// What Wakepath learns from it.
  public let need: String
  /// What cannot be said without it.
  public let cost: String
  /// Whether there is nothing to record without it.
  public let isEssential: Bool
  /// Whether and when `record` asks the kernel for it.
  public let recording: Recording
  /// What `record` has the kernel keep of it; nil for all.
  public let filter: Filter?
  /// What stages that are seen by it call their evidence.
  public let evidence: String

  init(
    _ system: String, _ name: String, _ kind: EventBody.Kind, fields: [Field], need: String, cost: String, since: String? = nil,
    isEssential: Bool = false, recording: Recording = .always, filter: Filter? = nil, evidence: String? = nil
  ) {
    self.system = system
    self.name = name
    self.kind = kind
    self.fields = fields
    self.since = since
    self.need = need
    self.cost = cost
    self.isEssential = isEssential
    self.recording = recording
    self.filter = filter
    self.evidence = evidence ?? name
  }

  /// When `record` asks for an event.
  public enum Recording: Sendable {
    case always
    /// Only if the memory that drivers share with their devices is to be recorded.
    case withDMA
    /// It is a probe that `record` makes.
    case probe
    case never
  }

  /// What `record` has the kernel keep of an event. The numbers and names in it are those of the recording's options.
  public enum Filter: Sendable, Equatable {
    /// Always this, in the kernel's own words.
    case condition(String)
    /// The recorded devices; the field holds a device's name.
    case devices(field: String)
    /// The interrupt lines of the recorded devices.
    case interruptLines
    /// The chosen tasks; the fields hold their names.
    case tasks(fields: [String])
    /// Buffers that the hardware of the recorded devices writes into.
    case receiveBuffers
  }

  /// The field that holds the name of the device it is about, if `record` can keep devices by it.
  public var deviceField: String? { if case .devices(let field) = filter { field } else { nil } }

  /// Whether it is read from text, too.
  public var isReadFromText: Bool { fields.contains { $0.text != nil } }

  /// The names of the kernel's fields that are read, those behind one another that belong together.
  public var kernelFields: [String] { fields.flatMap(\.kernelFields) }
}
