internal import Events
internal import Journeys

extension Truth {
  /// One line of JSON for each packet that reached the stack, and for each that was handed to a device.
  public func json() -> String {
    (received.filter { $0.outcome != .merged }.map(\.json) + sent.map(\.json)).joined(separator: "\n") + "\n"
  }
}

extension ReceivedTruth {
  fileprivate var json: String {
    var fields = ["\"direction\":\"rx\"", "\"device\":\"\(device)\"", "\"skb\":\"0x\(String(address, radix: 16))\""]
    fields += ["\"length\":\(length)", "\"frames\":\(frames)", "\"outcome\":\(outcome.map { "\"\($0)\"" } ?? "null")"]
    fields.append("\"socket\":\(socket == 0 ? "null" : "\"0x\(String(socket, radix: 16))\"")")
    fields.append("\"reader\":\(reader.map { "\($0)" } ?? "null")")
    let woken = wakings.map { waking in
      "{\"pid\":\(waking.pid),\"waking\":\(waking.time),\"running\":\(waking.runningTime.map { "\($0)" } ?? "null")}"
    }
    fields.append("\"woke\":[\(woken.joined(separator: ","))]")
    fields.append("\"stream\":\(stream.map { "{\"from\":\($0.lowerBound),\"to\":\($0.upperBound)}" } ?? "null")")
    return "{" + fields.joined(separator: ",") + "," + times(stages) + "}"
  }
}

extension SentTruth {
  fileprivate var json: String {
    let head = "\"direction\":\"tx\",\"device\":\"\(device)\",\"skb\":\"0x\(String(address, radix: 16))\",\"frames\":\(frames)"
    return "{\(head),\"sender\":\(sender.map { "\($0)" } ?? "null"),\(times(stages))}"
  }
}

/// The stages in order, as JSON.
private func times(_ stages: [Stage: UInt64]) -> String {
  "\"stages\":{"
    + stages.sorted { ($0.value, $0.key.rawValue) < ($1.value, $1.key.rawValue) }.map { "\"\($0.key.id)\":\($0.value)" }
    .joined(separator: ",") + "}"
}
