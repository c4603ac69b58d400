internal import SystemPackage

extension Doctor {
  /// What can show more than the kernel's own events do.
  struct Probes {
    let tracing: TraceDirectory?

    var checks: [Check] { [kprobes, eprobes, fprobes, functions, layouts] }

    private func check(_ name: String, _ isThere: Bool?, _ found: String, without cost: String) -> Check {
      Check(
        area: .probes, name: name, state: isThere.map { $0 ? .ok : .missing } ?? .denied,
        found: isThere == nil ? "cannot be looked up" : found, cost: cost, isEssential: false)
    }

    private var readme: String? { tracing.flatMap { Doctor.text("\($0.path)/README") } }

    private var kprobes: Check {
      let exists = readme.map { _ in tracing.map { SystemCalls.kind(of: "\($0.path)/kprobe_events").exists } ?? false }
      return check(
        "kprobes", exists, exists == true ? "kprobe_events" : "not in this kernel",
        without: "steps inside the kernel that have no event of their own stay unseen")
    }

    /// README shows eprobes also where the kernel is built without them, so one is made, which never fires, and removed.
    private var eprobes: Check {
      guard let tracing, readme != nil else { return check("eprobes", nil, "", without: Self.eprobeCost) }
      let name = "wakepath_\(SystemCalls.processID)/probe"
      let isThere = append("e:\(name) net.netif_receive_skb skb=$skbaddr\n", tracing)
      if isThere { _ = append("-:\(name)\n", tracing) }
      return check("eprobes", isThere, isThere ? "can be made and removed" : "not in this kernel", without: Self.eprobeCost)
    }

    private static let eprobeCost = "addresses and ports of packets are known only where an event shows them"

    private func append(_ line: String, _ tracing: TraceDirectory) -> Bool {
      do {
        let path = FilePath("\(tracing.path)/dynamic_events")
        let file = try FileDescriptor.open(path, .writeOnly, options: [.append, .closeOnExec])
        defer { SystemCalls.close(file) }
        try file.writeAll(Array(line.utf8))
        return true
      } catch {
        return false
      }
    }

    private var fprobes: Check {
      let isThere = readme.map { $0.contains("f[:[<group>/]") }
      return check(
        "fprobes", isThere, isThere == true ? "f:name in dynamic_events" : "not in this kernel",
        without: "functions and their arguments can be seen through kprobes only, at a higher price")
    }

    private var functions: Check {
      let tracers = tracing.flatMap { Doctor.text("\($0.path)/available_tracers") }
      return check(
        "function tracer", tracers.map { $0.split(separator: " ").contains("function") }, tracers ?? "",
        without: "functions without an event cannot be seen where there are no probes either")
    }

    private var layouts: Check {
      let path = "/sys/kernel/btf/vmlinux"
      let exists = SystemCalls.kind(of: path).exists
      return check(
        "BTF", exists, exists ? path : "not in this kernel", without: "probes cannot read the fields of the kernel's structures")
    }
  }
}
