internal import Linux
internal import Tracepoints

/// An event that a recording asks the kernel for, as its tracepoint is declared, and what the kernel is to keep of it.
public struct RecordedEvent: Sendable, Equatable {
  public let system: String
  public let name: String
  /// What Wakepath learns from it.
  public let need: String
  /// What cannot be said without it.
  public let cost: String
  /// Its field that holds the device's name, if it has one.
  let deviceField: String?
  /// Without it there is nothing to record.
  let isEssential: Bool
  /// What the kernel is to keep of it, in its own words; nil for all.
  private(set) var condition: String?

  /// The event that `tracepoint` declares, with what is kept of it in every recording.
  init(_ tracepoint: Tracepoint) {
    system = tracepoint.system
    name = tracepoint.name
    need = tracepoint.need
    cost = tracepoint.cost
    deviceField = tracepoint.deviceField
    isEssential = tracepoint.isEssential
    if case .condition(let condition) = tracepoint.filter { self.condition = condition }
  }

  private init(_ event: RecordedEvent, system: String) {
    self.system = system
    (name, need, cost) = (event.name, event.need, event.cost)
    (deviceField, isEssential, condition) = (event.deviceField, event.isEssential, event.condition)
  }

  /// The same event, of which the kernel is to keep what `condition` says.
  private func keeping(_ condition: String) -> RecordedEvent {
    var event = self
    event.condition = condition
    return event
  }

  /// The same event under the system `group`.
  func inGroup(_ group: String) -> RecordedEvent { RecordedEvent(self, system: group) }

  /// What the kernel is to keep of it where `filter` keeps devices in a field; nil for all.
  func condition(keeping filter: ((String) -> String)?) -> String? { deviceField.flatMap { filter?($0) } ?? condition }

  /// The name as `trace-cmd record -e` takes it.
  public var fullName: String { "\(system):\(name)" }
}

extension RecordedEvent {
  /// The events to ask the kernel for, besides probes. Of the hard interrupts those of the devices are kept, where their lines are known, and of
  /// scheduling that of the tasks that were named.
  static func wanted(_ options: RecordingOptions) -> [RecordedEvent] {
    let lines = InterruptLines(of: options.devices)?.condition
    let tasks = TaskFilter(options.tasks)
    return declared(.always).map { tracepoint in
      let condition: String? =
        switch tracepoint.filter {
        case .interruptLines: lines
        case .tasks(let fields): tasks?.condition(fields)
        default: nil
        }
      let event = RecordedEvent(tracepoint)
      return condition.map { event.keeping($0) } ?? event
    } + (options.recordsDMA ? dma(options.devices) : [])
  }

  /// Every event that `record` asks the kernel for, in the order of a packet's way.
  public static let all = declared(.always).map { RecordedEvent($0) }

  private static func declared(_ recording: Tracepoint.Recording) -> [Tracepoint] {
    EventKind.allCases.map(\.tracepoint).filter { $0.recording == recording }
  }
}

/// Memory that drivers share with their devices.
extension RecordedEvent {
  /// The events of memory that a driver hands to its device to write packets into, and takes back. The kernel is asked for the direction
  /// FROM_DEVICE alone, and for the hardware behind `devices` where it is known.
  static func dma(_ devices: [String]) -> [RecordedEvent] {
    let names = Set(devices.flatMap { hardware(behind: $0) }).sorted()
    let fromDevice = "dir == \(DMABuffer.Direction.fromDevice.rawValue)"
    let condition =
      names.isEmpty ? fromDevice : "\(fromDevice) && (\(names.map { "device == \"\($0)\"" }.joined(separator: " || ")))"
    return declared(.withDMA).map { RecordedEvent($0).keeping(condition) }
  }

  /// The names that the network device's hardware may have in dma events: its own and, for virtio, that of the PCI device above it.
  /// None where it has no hardware or lives in another network namespace.
  private static func hardware(behind device: String) -> [String] {
    guard let path = Files.resolved("/sys/class/net/\(device)/device") else { return [] }
    return path.split(separator: "/").suffix(2).map(String.init)
  }
}
