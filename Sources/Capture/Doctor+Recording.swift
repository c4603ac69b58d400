internal import Linux
internal import SystemPackage

extension Doctor {
  /// What recording itself needs.
  struct Recording {
    let tracing: TraceDirectory?

    var checks: [Check] { [rights, mount, lockdown, instances, clock, memory, symbols] }

    private func check(
      _ name: String, _ state: Check.State, _ found: String, without cost: String, essential: Bool = false
    ) -> Check {
      Check(area: .recording, name: name, state: state, found: found, cost: cost, isEssential: essential)
    }

    private var rights: Check {
      let isRoot = ThisProcess.isRoot
      return check(
        "root", isRoot ? .ok : .denied, isRoot ? "running as root" : "not running as root",
        without: "nothing can be recorded: run with sudo", essential: true)
    }

    private var mount: Check {
      let cost = "nothing can be recorded: `mount -t tracefs nodev /sys/kernel/tracing`, on a kernel built with tracing"
      guard let tracing else { return check("tracefs", .missing, "not mounted", without: cost, essential: true) }
      let found = tracing.isOurs ? "\(tracing.path), mounted only while it is used" : tracing.path
      return check("tracefs", .ok, found, without: cost, essential: true)
    }

    private var lockdown: Check {
      let levels = Doctor.text("/sys/kernel/security/lockdown")
      let isClosed = levels?.contains("[confidentiality]") ?? false
      return check(
        "lockdown", isClosed ? .denied : .ok, levels ?? "not in use",
        without: "the kernel lets nobody trace while it is locked down for confidentiality", essential: true)
    }

    private var instances: Check {
      let cost = "nothing can be recorded: the kernel must allow tracing instances"
      guard let tracing else { return check("instances", .missing, "no tracefs", without: cost, essential: true) }
      do throws(CaptureError) {
        let instance = try RecordingInstance(tracing)
        if let note = instance.remove() { return check("instances", .denied, note, without: cost, essential: true) }
        return check("instances", .ok, "can be made and removed", without: cost, essential: true)
      } catch {
        return check("instances", .denied, error.description, without: cost, essential: true)
      }
    }

    private var clock: Check {
      let clocks = tracing.flatMap { Doctor.text("\($0.path)/trace_clock") }
      let names = clocks?.split(separator: " ").map { $0.filter { $0 != "[" && $0 != "]" } } ?? []
      return check(
        "clock mono", names.contains("mono") ? .ok : clocks == nil ? .denied : .missing,
        clocks.map { _ in names.joined(separator: " ") } ?? "cannot be looked up",
        without: "nothing can be recorded whose times an application's own log can be held against", essential: true)
    }

    private var memory: Check {
      let line = Doctor.text("/proc/meminfo")?.split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }
      let available = line?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
      let cpus = tracing.map { RecordingInstance.onlineCPUs($0).count } ?? 0
      let wanted = cpus * RecordingInstance.defaultBufferBytes >> 20
      let found = available.map { "\(wanted) MiB for \(cpus) CPUs, \($0 >> 10) MiB available" } ?? "\(wanted) MiB for \(cpus) CPUs"
      return check(
        "buffer memory", available.map { $0 >> 10 < 2 * wanted } ?? false ? .denied : .ok, found,
        without: "the buffers are made smaller, and events are lost sooner")
    }

    private var symbols: Check {
      let isVisible = SymbolTable.isKernelVisible
      return check(
        "kernel symbols", isVisible ? .ok : .denied, isVisible ? "/proc/kallsyms shows addresses" : "/proc/kallsyms hides addresses",
        without: "places in the kernel, as that of a drop, are numbers: run with sudo, or `sysctl kernel.kptr_restrict=1`")
    }
  }
}
