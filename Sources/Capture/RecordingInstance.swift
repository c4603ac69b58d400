internal import Bytes
internal import Linux
internal import SystemPackage

/// The tracing instance of one recording: made, set up, and removed again.
struct RecordingInstance: ~Copyable {
  private let instance: TraceInstance
  /// The CPUs that are online.
  let cpus: [Int]
  /// Whether the kernel notes the names of tasks, because somebody else records: to be spared of that, it stops noting them for everyone's events
  /// (`trace_event_enable_cmd_record` in kernel/trace/trace_events.c).
  let notesNames: Bool
  private let supervisor: Supervisor?
  /// What our lines in the recording end with.
  let lineSignature = LineSignature()

  private static let prefix = "wakepath-"
  static let defaultBufferBytes = 8 << 20
  private static let leastBufferBytes = 64 << 10

  /// Makes the instance of this process, with nothing enabled in it.
  init(_ tracing: TraceDirectory, _ supervisor: Supervisor? = nil) throws(CaptureError) {
    self.supervisor = supervisor
    cpus = Self.onlineCPUs(tracing)
    notesNames = Self.isUsed(tracing)
    let name = "\(Self.prefix)\(ThisProcess.id)"
    do throws(Errno) {
      instance = try Self.make(name)
      supervisor?.add(.instance(instance.path))
    } catch {
      let help = ThisProcess.isRoot ? "the kernel must allow tracing instances (see `wakepath doctor`)" : "run with sudo"
      throw CaptureError("no tracing instance can be made in \(tracing.path)/instances (\(error)): \(help)")
    }
  }

  /// A process of another container may have our number, and taken the name.
  private static func make(_ name: String) throws(Errno) -> TraceInstance {
    for attempt in 1..<10 {
      do throws(Errno) {
        return try TraceInstance(name: attempt == 1 ? name : "\(name)-\(attempt)")
      } catch {
        if error != .fileExists { throw error }
      }
    }
    throw .fileExists
  }

  /// Whether an event is enabled anywhere.
  private static func isUsed(_ tracing: TraceDirectory) -> Bool {
    let instances = (try? Files.names(in: "\(tracing.path)/instances")) ?? []
    return ([tracing.path] + instances.map { "\(tracing.path)/instances/\($0)" }).contains { directory in
      (try? Files.contents(of: "\(directory)/events/enable"))?.first != UInt8(ascii: "0")
    }
  }

  var path: String { instance.path }

  /// What the buffers of all CPUs hold together, in bytes.
  var bufferBytes: Int {
    let size = Int(String(decoding: text("buffer_size_kb"), as: UTF8.self).prefix(while: \.isNumber)) ?? 0
    return cpus.count * size << 10
  }

  /// The content of one of its files, empty if it cannot be read.
  func text(_ file: String) -> [UInt8] { (try? instance.read(file)) ?? [] }

  /// Sets clock and buffers and enables the events, still without recording; answers those that this kernel has.
  func configure(
    _ options: RecordingOptions, probes: [RecordedEvent], _ notes: inout [String]
  ) throws(CaptureError) -> [RecordedEvent] {
    try turn(on: false)
    try set("trace_clock", options.clock, "this kernel cannot record with the clock \(options.clock)")
    let isLarge = options.flightBytesPerCPU == nil && options.bufferBytesPerCPU ?? Self.defaultBufferBytes >= 32 * Self.pageBytes
    let pages = isLarge ? setPages(Self.pageBytes) : nil
    try setBuffer(
      options.trigger == nil ? options.flightBytesPerCPU ?? bufferBytes(options) : options.bufferBytesPerCPU, orWithPages: pages, &notes)
    // Kernels before 5.0 do not know the first, and a top instance may have been told not to do the other.
    try? instance.write("25", to: "buffer_percent")
    try? instance.write("1", to: "options/overwrite")
    if !notesNames { try? instance.write("norecord-cmd", to: "trace_options") }
    let filter = try Self.filter(options.devices)
    let wanted = RecordedEvent.wanted(options) + probes
    let events = wanted.filter { Files.exists("\(path)/events/\($0.fullName.path)/enable") }
    if let missing = wanted.first(where: { $0.isEssential && !events.contains($0) }) {
      throw CaptureError("this kernel has no event \(missing.fullName), so \(missing.cost): use a kernel built with tracing of the network")
    }
    for event in events {
      if let condition = event.condition(keeping: filter) {
        try set("events/\(event.fullName.path)/filter", condition, "\(event.fullName) cannot be kept to \(condition)")
      }
    }
    try enable(events)
    return events
  }

  /// The size that was asked for; where the file may not become large, less than what it may hold.
  private func bufferBytes(_ options: RecordingOptions) -> Int? {
    guard let maximum = options.maximumBytes else { return options.bufferBytesPerCPU }
    return min(options.bufferBytesPerCPU ?? Self.defaultBufferBytes, max(maximum / (4 * max(cpus.count, 1)), Self.leastBufferBytes))
  }

  /// Enables `events`, each with the filter that it has.
  func enable(_ events: [RecordedEvent]) throws(CaptureError) {
    for event in events { try set("events/\(event.fullName.path)/enable", "1", "the event \(event.fullName) cannot be enabled") }
  }

  /// Disables all events, so that the kernel passes them by as if nobody recorded.
  func disableEvents() throws(CaptureError) { try set("events/enable", "0", "the events cannot be disabled") }

  /// Writes a line of ours into the recording (`trace_marker`); a kernel without it leaves the report not knowing the windows.
  func mark(_ text: String) { try? instance.write(text + lineSignature.end, to: "trace_marker") }

  func turn(on: Bool) throws(CaptureError) {
    try set("tracing_on", on ? "1" : "0", "recording cannot be turned \(on ? "on" : "off")")
  }

  private func set(_ file: String, _ value: String, _ failure: String) throws(CaptureError) {
    do {
      try instance.write(value, to: file)
    } catch {
      throw CaptureError(failure, error)
    }
  }

  /// Kernels from 6.8 on can take more than a page of memory for a page of the buffer (`buffer_subbuf_size_kb`): fewer are moved then, and a move costs
  /// as much as a hundred events. For more than 32 KiB in one piece the kernel does not try hard (`PAGE_ALLOC_COSTLY_ORDER`), and the last page of
  /// each CPU is written to the file though it is not full.
  private static let pageBytes = 16 << 10

  private static let pageFile = "buffer_subbuf_size_kb"

  /// Sets the size of the buffer's pages; where it cannot be set, or would be less, it stays. Answers the one before, in KiB, if it is another.
  private func setPages(_ bytes: Int) -> Int? {
    guard let now = Int(String(decoding: text(Self.pageFile), as: UTF8.self).prefix(while: \.isNumber)), now < bytes >> 10,
      (try? instance.write("\(bytes >> 10)", to: Self.pageFile)) != nil
    else { return nil }
    return now
  }

  /// Without a size asked for, takes what the memory allows; tries with pages of `pages` KiB before it takes less.
  private func setBuffer(_ wanted: Int?, orWithPages pages: Int?, _ notes: inout [String]) throws(CaptureError) {
    var bytes = wanted ?? Self.defaultBufferBytes
    var pages = pages
    while true {
      do throws(Errno) {
        try instance.write("\(max(bytes >> 10, 1))", to: "buffer_size_kb")
        if wanted == nil, bytes < Self.defaultBufferBytes {
          notes.append("memory is short: the buffer is \(bytes >> 10) KiB per CPU, so events are lost sooner")
        }
        return
      } catch {
        if let smaller = pages.take() {
          try? instance.write("\(smaller)", to: Self.pageFile)
          continue
        }
        guard wanted == nil, bytes > Self.leastBufferBytes else {
          throw CaptureError("no memory for a buffer of \(bytes >> 10) KiB per CPU (\(error)): give a smaller --buffer")
        }
        bytes /= 2
      }
    }
  }

  /// The filter that keeps `devices` in a field, or nil for all.
  static func filter(_ devices: [String]) throws(CaptureError) -> ((String) -> String)? {
    guard !devices.isEmpty else { return nil }
    for device in devices where device.isEmpty || device.utf8.count > 15 || device.contains(where: { "\"\\/ ".contains($0) }) {
      throw CaptureError("\"\(device)\" cannot be the name of a network device")
    }
    return { field in devices.map { "\(field) == \"\($0)\"" }.joined(separator: " || ") }
  }

  /// Removes the instance; answers a sentence if it is still there. Then at least it records nothing.
  func remove() -> String? {
    do throws(Errno) {
      try instance.remove()
      supervisor?.settle(.instance(path))
      return nil
    } catch {
      try? turn(on: false)
      try? disableEvents()
      return "the tracing instance \(path) could not be removed (\(error)): the next recording removes it, or `rmdir` does"
    }
  }

  /// The CPUs of `/sys/devices/system/cpu/online` (`0-3,6`), or all that tracing knows.
  static func onlineCPUs(_ tracing: TraceDirectory) -> [Int] {
    let text = (try? Files.contents(of: "/sys/devices/system/cpu/online")) ?? []
    let online = cpus(String(decoding: text, as: UTF8.self))
    guard online.isEmpty else { return online }
    return ((try? Files.names(in: "\(tracing.path)/per_cpu")) ?? []).compactMap { Int($0.dropFirst(3)) }.sorted()
  }

  /// The numbers in a list as the kernel writes it: `0-3,6`.
  static func cpus(_ list: String) -> [Int] {
    list.split { $0 == "," || $0.isWhitespace }.flatMap { part -> [Int] in
      let ends = part.split(separator: "-").compactMap { Int($0) }
      guard let first = ends.first, let last = ends.last, first <= last, last < 1 << 16 else { return [] }
      return Array(first...last)
    }
  }
}

extension RecordingInstance {
  /// Removes instances of recorders that were killed; answers a sentence for each.
  static func removeLeftovers(in tracing: TraceDirectory) -> [String] {
    let directory = "\(tracing.path)/instances"
    return ((try? Files.names(in: directory)) ?? []).compactMap { name in
      guard name.hasPrefix(prefix), let pid = Int32(name.dropFirst(prefix.count).prefix { $0 != "-" }), !isRecorder(pid) else { return nil }
      // The kernel refuses if it has a file open, as the recorder has, perhaps in another container.
      guard (try? Files.removeDirectory("\(directory)/\(name)")) != nil else { return nil }
      return "removed the tracing instance \(name), left by a recording that was killed"
    }
  }

  /// Whether `pid` is a process that runs the same program as this one, or one of its name.
  static func isRecorder(_ pid: Int32) -> Bool {
    if let program = Files.resolved("/proc/\(pid)/exe"), program == Files.resolved("/proc/self/exe") { return true }
    let name = (try? Files.contents(of: "/proc/\(pid)/comm")) ?? []
    return String(decoding: name, as: UTF8.self) == "wakepath\n"
  }
}

extension String {
  /// An event's name as a path in `events`.
  fileprivate var path: String { String(map { $0 == ":" ? "/" : $0 }) }
}

extension TraceDirectory {
  /// The tracing directory with the right to record in it.
  static func forRecording(_ supervisor: Supervisor? = nil) throws(CaptureError) -> TraceDirectory {
    guard let tracing = TraceDirectory(mounting: ThisProcess.isRoot) else {
      throw CaptureError(
        ThisProcess.isRoot
          ? "tracefs is not mounted and cannot be: `mount -t tracefs nodev /sys/kernel/tracing`, on a kernel built with tracing"
          : "not root: run with sudo", ThisProcess.isRoot ? .kernel : .rights)
    }
    if tracing.isOurs { supervisor?.add(.mount(tracing.path)) }
    if let error = Files.mayWrite("\(tracing.path)/instances") {
      tracing.close()
      throw CaptureError(
        ThisProcess.isRoot
          ? "\(tracing.path)/instances may not be written (\(error)): tracing must be allowed here" : "not root: run with sudo",
        ThisProcess.isRoot ? .kernel : .rights)
    }
    return tracing
  }
}
