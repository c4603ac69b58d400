internal import Linux
internal import Tracepoints

/// The lines on which network devices interrupt, as sysfs tells.
struct InterruptLines {
  /// Their numbers, as irq_handler_entry has them; in order, each once.
  let numbers: [Int]

  /// The lines of `devices`, of which sysfs tells under `folder`; nil where it does not know them for all: those of software (loopback, veth), of
  /// other network namespaces, and those whose interrupts another driver takes (USB).
  init?(of devices: [String], in folder: String = "/sys/class/net") {
    var all: Set<Int> = []
    for device in devices {
      guard let own = Self.lines(of: device, folder, depth: 0) else { return nil }
      all.formUnion(own)
    }
    guard !all.isEmpty else { return nil }
    numbers = all.sorted()
  }

  /// What the kernel is to keep of an event whose field `irq` has the line.
  var condition: String {
    var ranges: [ClosedRange<Int>] = []
    for number in numbers {
      if let last = ranges.last, last.upperBound == number - 1 {
        ranges[ranges.count - 1] = last.lowerBound...number
      } else {
        ranges.append(number...number)
      }
    }
    return ranges.map { $0.count == 1 ? "irq == \($0.lowerBound)" : "(irq >= \($0.lowerBound) && irq <= \($0.upperBound))" }.joined(separator: " || ")
  }

  /// What the recording says of itself where it keeps only these; `wakepath report` looks for its beginning.
  func note(_ devices: [String]) -> String {
    "\(RecordingNote.interruptsChosen) those of \(devices.joined(separator: ", ")) are recorded: \(condition)"
  }

  /// Devices stand on each other a few deep: a VLAN on a bond on two cards.
  private static let deepest = 8

  private static func lines(of device: String, _ folder: String, depth: Int) -> [Int]? {
    let path = "\(folder)/\(device)"
    guard depth < deepest, let names = try? Files.names(in: path) else { return nil }
    if names.contains("device") { return lines(ofHardware: "\(path)/device") }
    // Those below (lower_eth0), and the ports of a bridge.
    let below = names.filter { $0.hasPrefix("lower_") }.map { String($0.dropFirst(6)) } + ((try? Files.names(in: "\(path)/brif")) ?? [])
    guard !below.isEmpty else { return nil }
    var all: [Int] = []
    for device in below {
      guard let own = lines(of: device, folder, depth: depth + 1) else { return nil }
      all += own
    }
    return all
  }

  /// Message signalled interrupts are listed by the PCI device, which for virtio is the one above; others have one line (`irq`, 0 for none).
  private static func lines(ofHardware path: String) -> [Int]? {
    for folder in ["\(path)/msi_irqs", "\(path)/../msi_irqs"] {
      let numbers = ((try? Files.names(in: folder)) ?? []).compactMap { Int($0) }
      if !numbers.isEmpty { return numbers }
    }
    for file in ["\(path)/irq", "\(path)/../irq"] {
      guard let text = try? Files.contents(of: file) else { continue }
      if let number = Int(String(decoding: text, as: UTF8.self).filter(\.isNumber)), number > 0 { return [number] }
    }
    return nil
  }
}
