/// What tasks do.
extension Machine {
  /// Starts a task on one of the CPUs.
  @discardableResult
  func startTask(_ name: String, _ round: @escaping (CPU) -> Void) -> Task {
    let task = Task(pid: newPID(), name: name)
    task.round = round
    cpus[random.number(0...cpus.count - 1)].start(task)
    return task
  }

  /// Keeps a CPU busy for `time` nanoseconds in all.
  func startHog(_ time: Int) {
    let end = now + UInt64(time)
    startTask("hog") { cpu in if cpu.machine.now >= end { cpu.exit() } else { cpu.run({ _ in }) } }
  }

  /// How a program receives.
  enum Reading: CaseIterable {
    case blocking
    /// epoll_wait, then a call that does not block.
    case polling
    /// Calls that do not block, one after another.
    case busy
  }

  /// Reads `count` datagrams from `sockets`.
  func startReader(of sockets: [DatagramSocket], count: Int, _ reading: Reading, pause: ClosedRange<Int>, limit: Int = 65_536) {
    var left = count
    let end = now + 60_000_000
    let poll = Waiters(isExclusive: true)
    if reading == .polling { for socket in sockets { socket.waiters.polls.append(poll) } }
    startTask("reader") { cpu in
      guard left > 0, cpu.machine.now < end else { return cpu.exit() }
      let isReady = { sockets.contains { !$0.queue.isEmpty } }
      if reading == .polling, !isReady() { return cpu.wait(for: poll, unless: isReady) }
      let ready = sockets.filter { !$0.queue.isEmpty }
      let socket = ready.randomElement(using: &cpu.machine.random) ?? sockets[0]
      cpu.receive(from: socket, limit: limit, isBlocking: reading == .blocking) { cpu, result in
        if result >= 0 { left -= 1 }
        cpu.think(pause, orSleep: result < 0)
      }
    }
  }

  /// Reads what comes on a connection, until it ends; then closes it. `socket` is nil as long as there is none.
  func startReader(of socket: @escaping () -> StreamSocket?, _ reading: Reading, pause: ClosedRange<Int>, sizes: ClosedRange<Int>, lowWater: Int = 1)
  {
    let end = now + 60_000_000
    let poll = Waiters(isExclusive: true)
    var isOver = false
    startTask("reader") { cpu in
      guard !isOver, cpu.machine.now < end else { return cpu.exit() }
      guard let socket = socket() else { return cpu.sleep(20_000) }
      cpu.machine.readStream(cpu, socket, reading, pause: pause, sizes: sizes, lowWater: lowWater, poll) { isOver = true }
    }
  }

  func readStream(
    _ cpu: CPU, _ socket: StreamSocket, _ reading: Reading, pause: ClosedRange<Int>, sizes: ClosedRange<Int>, lowWater: Int, _ poll: Waiters,
    _ end: @escaping () -> Void
  ) {
    socket.lowWater = lowWater
    if reading == .polling {
      if !socket.waiters.polls.contains(where: { $0 === poll }) { socket.waiters.polls.append(poll) }
      if !socket.isReadable { return cpu.wait(for: poll, unless: { socket.isReadable }) }
    }
    cpu.receive(from: socket, limit: random.number(sizes), isBlocking: reading == .blocking) { cpu, result in
      if result == 0 {
        end()
        return cpu.close(socket) { _ in }
      }
      cpu.think(pause, orSleep: result < 0)
    }
  }

  /// Accepts one connection, and then reads it.
  func startServer(_ listener: Listener, _ reading: Reading, pause: ClosedRange<Int>, sizes: ClosedRange<Int>, lowWater: Int) {
    let poll = Waiters(isExclusive: true)
    var socket: StreamSocket?
    var isOver = false
    let end = now + 60_000_000
    startTask("server") { cpu in
      guard !isOver, cpu.machine.now < end else { return cpu.exit() }
      if let socket {
        return cpu.machine.readStream(cpu, socket, reading, pause: pause, sizes: sizes, lowWater: lowWater, poll) { isOver = true }
      }
      cpu.run(
        { $0.wait(for: listener.waiters, unless: { !listener.accepted.isEmpty }) },
        { _ in if !listener.accepted.isEmpty { socket = listener.accepted.removeFirst() } })
    }
  }

  /// Connects, sends `messages` with pauses between them, and closes.
  func startClient(_ socket: StreamSocket, messages: [Int], pause: ClosedRange<Int>, closes: Bool, delay: Int) {
    var left = messages
    var isConnected = false
    var isOver = false
    var hasWaited = false
    startTask("client") { cpu in
      guard !isOver else { return cpu.exit() }
      guard hasWaited else {
        hasWaited = true
        return cpu.sleep(delay)
      }
      guard isConnected else {
        isConnected = true
        return cpu.connect(socket) { _ in }
      }
      guard !left.isEmpty else {
        isOver = true
        return closes ? cpu.close(socket) { _ in } : cpu.run({ _ in })
      }
      let bytes = left.removeFirst()
      cpu.send(bytes, by: socket) { $0.think(pause, orSleep: false) }
    }
  }

  /// Sends datagrams to `port`.
  func startSender(to ports: [UInt16], sizes: [Int], via device: Device, pause: ClosedRange<Int>, delay: Int) {
    var left = sizes
    var hasWaited = false
    let address = endpoints.newAddress()
    startTask("sender") { cpu in
      guard hasWaited else {
        hasWaited = true
        return cpu.sleep(delay)
      }
      guard !left.isEmpty else { return cpu.exit() }
      let port = ports[cpu.machine.random.number(0...ports.count - 1)]
      cpu.send(left.removeFirst(), to: port, from: address, via: device) { $0.think(pause, orSleep: false) }
    }
  }
}

extension CPU {
  /// Time between two calls: computing, or sleeping where it is long.
  func think(_ pause: ClosedRange<Int>, orSleep: Bool) {
    let time = machine.random.number(pause)
    if orSleep || time > 30_000 { return sleep(max(time, 2_000)) }
    let end = machine.now + UInt64(time)
    compute(until: end)
  }

  private func compute(until end: UInt64) { if machine.now < end { run({ $0.compute(until: end) }) } }
}
