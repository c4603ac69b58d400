internal import Linux
internal import Layouts

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
      let exists = readme.map { _ in tracing.map { Files.exists("\($0.path)/kprobe_events") } ?? false }
      return check(
        "kprobes", exists, exists == true ? "kprobe_events" : "not in this kernel",
        without: "steps inside the kernel that have no event of their own stay unseen")
    }

    /// README shows eprobes also where the kernel is built without them, so one is made, which never fires, and removed.
    private var eprobes: Check {
      guard let tracing, readme != nil else { return check("eprobes", nil, "", without: Self.eprobeCost) }
      var trial = DynamicEvents(tracing)
      let isThere = (try? trial.make("e", "probe", "net.netif_receive_skb skb=$skbaddr")) != nil
      if let note = trial.remove() { return check("eprobes", false, note, without: Self.eprobeCost) }
      return check("eprobes", isThere, isThere ? "can be made and removed" : "not in this kernel", without: Self.eprobeCost)
    }

    private static let eprobeCost = "addresses and ports of packets are known only where an event shows them"

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
      let cost = "probes cannot read the fields of the kernel's structures"
      guard Files.exists(BTF.kernelPath) else { return check("BTF", false, "not in this kernel", without: cost) }
      do throws(LayoutError) {
        guard let data = try BTF.ofRunningKernel().member("data", of: "sk_buff") else {
          return check("BTF", false, "\(BTF.kernelPath) has no sk_buff.data", without: cost)
        }
        return check("BTF", true, "\(BTF.kernelPath), sk_buff.data at byte \(data.offset)", without: cost)
      } catch {
        return check("BTF", false, error.description, without: cost)
      }
    }
  }
}
