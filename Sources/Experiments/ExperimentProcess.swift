internal import Linux
internal import SystemPackage

/// The process in which the experiments run. All they make (namespaces, devices, sockets, threads) belongs to it and is gone with it.
public enum ExperimentProcess {
  /// After so long the kernel ends it.
  static let longest: UInt32 = 150

  /// Runs all experiments. `tag` stands in the names of threads and devices, and what was seen is written to the file at `account`.
  public static func run(tag: String, account path: String) {
    ThisProcess.endAfter(seconds: longest)
    var account = Account()
    func attempt(_ claims: [String], _ body: (inout Account) throws(Failure) -> Void) {
      do throws(Failure) {
        try body(&account)
      } catch {
        account.refusals += claims.map { Account.Refusal(claim: $0, why: error.description) }
      }
      // Whatever becomes of the rest, this is known.
      try? Files.put(account.text, at: path)
    }
    attempt(["S10"]) { account throws(Failure) in account.findings.append(try Descriptors.table()) }
    attempt(["S11"]) { account throws(Failure) in account.findings.append(try Descriptors.status()) }
    attempt(["S12"]) { account throws(Failure) in account.findings.append(try Descriptors.limit()) }
    var networks: Networks?
    var wired: (Wire, Connections)?
    attempt(["S8", "S9"]) { _ throws(Failure) in
      let made = try Networks(tag: tag)
      networks = made
      let wire = try Wire(made, tag: tag)
      wired = (wire, try Connections(made, wire, tag: tag))
    }
    if let (wire, connections) = wired {
      attempt(["S8"]) { account throws(Failure) in
        defer { account.passed = wire.passed }
        for _ in 0..<3 { for ending in Connections.Ending.allCases { try connections.run(ending) } }
      }
      attempt(["S9"]) { account throws(Failure) in
        defer { account.passed = wire.passed }
        account.receiveBuffer = try Pushing(connections: connections, wire: wire).run()
      }
    }
    attempt([]) { _ throws(Failure) in try Exchange.run(in: networks?.clientSide, tag: tag) }
    attempt(["S6b"]) { account throws(Failure) in account.windows = try Flood.run(in: networks?.clientSide, tag: tag) }
    account.isComplete = true
    try? Files.put(account.text, at: path)
  }
}
