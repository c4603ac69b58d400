import ArgumentParser
import Bytes
import Journeys
import Reports

/// Which packets a command is about.
struct SelectionOptions: ParsableArguments {
  @Option(help: "Only packets received (rx) or sent (tx).")
  var direction: Direction?

  @Option(help: "Only packets with this outcome: \(Journey.Outcome.allCases.map(\.rawValue).joined(separator: ", ")).")
  var outcome: Outcome?

  @Option(help: "Only packets received or sent on this device.")
  var device: String?

  @Option(help: "Only packets that task PID read, sent or was woken by.")
  var pid: Int32?

  @Option(help: "Only packets from or to this port.")
  var port: UInt16?

  @Option(help: "Only packets whose flow contains this, for example 10.9.0.1 or 10.9.0.1:40000.")
  var flow: String?

  @Option(
    help: ArgumentHelp(
      "Only packets of this network namespace: a name in /run/netns, a path such as /proc/1/ns/net, or the number.",
      discussion: "Known where `record` could ask the kernel for packets' flows.", valueName: "namespace"))
  var netns: NetworkNamespace?

  @Option(help: ArgumentHelp("Only packets that took longer from first sign to read, for example 1ms or 200us.", valueName: "time"))
  var slowerThan: TimeSpan?

  var selection: PacketSelection {
    var selection = PacketSelection()
    selection.direction = direction?.value
    selection.outcome = outcome?.value
    selection.device = device
    selection.pid = pid
    selection.port = port
    selection.flow = flow
    selection.namespace = netns?.number
    selection.slowerThan = slowerThan?.nanoseconds
    return selection
  }

  /// The options as they were given.
  var text: String {
    let given: [(name: String, value: String?)] = [
      ("direction", direction?.value.rawValue), ("outcome", outcome?.value.rawValue), ("device", device), ("pid", pid.map { String($0) }),
      ("port", port.map { String($0) }), ("flow", flow), ("netns", netns?.text), ("slower-than", slowerThan?.text)
    ]
    return given.compactMap { option in option.value.map { "--\(option.name) \($0)" } }.joined(separator: " ")
  }
}

/// A network namespace on the command line.
struct NetworkNamespace: ExpressibleByArgument {
  /// As it was given.
  let text: String
  /// The inode of its file.
  let number: UInt32

  init?(argument: String) {
    guard let number = UInt32(argument) ?? Directory.inode(of: argument.contains("/") ? argument : "/run/netns/\(argument)") else { return nil }
    self.number = number
    text = argument
  }
}

/// A direction on the command line.
struct Direction: ExpressibleByArgument {
  let value: Journey.Direction

  init?(argument: String) {
    guard let value = Journey.Direction(rawValue: argument) else { return nil }
    self.value = value
  }
}

/// An outcome on the command line.
struct Outcome: ExpressibleByArgument {
  let value: Journey.Outcome

  init?(argument: String) {
    guard let value = Journey.Outcome(rawValue: argument) else { return nil }
    self.value = value
  }
}
