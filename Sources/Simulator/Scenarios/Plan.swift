internal import Events

/// The numbers behind a scenario.
struct Plan {
  var cpus = 2
  var end = UInt64.max
  var settings = MachineSettings()
  var hasTSO = false
  /// How much of each kind of traffic there is.
  var datagrams = 0
  var localDatagrams = 0
  var remoteStreams = 0
  var localStreams = 0
  var outgoingStreams = 0
  var pings = 0
  var hogs = 0
  var faults = Peer.Faults()
  var isFlood = false
  var isVeth = false
  var readings = Machine.Reading.allCases
  var lowWater = 1
  var messages = 4
  var bytes = 1...6000
  var datagramLimit = 1000
  var streamBacklogLimit = 1000
  var pause = 1_000...60_000
  var sendLimit = 1_000_000

  init(_ scenario: Scenario, _ draw: inout SeededGenerator) {
    cpus = draw.number(1...3)
    settings.coalescing = Double(draw.number(0...4)) / 4
    settings.delayedACK = Double(draw.number(0...3)) / 4
    settings.slowPath = Double(draw.number(0...4)) / 4
    settings.preemption = Double(draw.number(0...4)) / 4
    hasTSO = draw.chance(0.5)
    isVeth = draw.chance(0.4)
    choose(scenario.name, &draw)
    func scaled(_ count: Int) -> Int { count > 0 ? max(Int(Double(count) * scenario.share), scenario.share > 0 ? 1 : 0) : 0 }
    datagrams = scaled(datagrams)
    localDatagrams = scaled(localDatagrams)
    messages = scaled(messages)
    pings = scaled(pings)
  }

  private mutating func choose(_ name: String, _ draw: inout SeededGenerator) {
    switch name {
    case "udp":
      datagrams = 40
      readings = [.blocking, .polling]
    case "tcp-bulk":
      (remoteStreams, messages, bytes) = (1, 12, 3_000...30_000)
    case "gro":
      (remoteStreams, messages, bytes, isFlood) = (4, 6, 2_000...12_000, true)
    case "rps":
      (datagrams, remoteStreams, localDatagrams, localStreams) = (15, 1, 10, 1)
      cpus = max(cpus, 2)
      settings.rpsTarget = 1
    case "ksoftirqd":
      (datagrams, remoteStreams, hogs, isFlood, cpus) = (300, 1, 3, true, 1)
    case "backlog":
      (localStreams, messages, bytes, cpus) = (2, 12, 200...9_000, max(cpus, 2))
      readings = [.busy, .blocking]
    case "handshake":
      (remoteStreams, localStreams, outgoingStreams, messages, bytes) = (2, 2, 2, 1, 1...200)
    case "lossy":
      (datagrams, remoteStreams, messages, isFlood, datagramLimit) = (60, 2, 6, true, 4)
      settings.backlogLimit = 6
      faults = Peer.Faults(loss: 0.1, reordering: 0.1, duplication: 0.1)
    case "busy-reader":
      (datagrams, localDatagrams, remoteStreams, localStreams, readings) = (15, 10, 1, 1, [.busy])
    case "low-water":
      (remoteStreams, localStreams, bytes, lowWater) = (1, 1, 100...900, 1000)
    default: drawAll(&draw)
    }
  }

  private mutating func drawAll(_ draw: inout SeededGenerator) {
    datagrams = draw.chance(0.5) ? draw.number(1...25) : 0
    localDatagrams = draw.chance(0.4) ? draw.number(1...15) : 0
    remoteStreams = draw.chance(0.6) ? draw.number(1...3) : 0
    localStreams = draw.chance(0.5) ? draw.number(1...2) : 0
    outgoingStreams = draw.chance(0.3) ? 1 : 0
    pings = draw.chance(0.3) ? draw.number(1...5) : 0
    hogs = draw.chance(0.3) ? draw.number(1...3) : 0
    messages = draw.number(1...8)
    bytes = draw.chance(0.3) ? 1...200 : 1...12_000
    isFlood = draw.chance(0.2)
    if cpus > 1, draw.chance(0.25) { settings.rpsTarget = draw.number(0...cpus - 1) }
    if draw.chance(0.2) { faults = Peer.Faults(loss: 0.05, reordering: 0.05, duplication: 0.05) }
    if draw.chance(0.15) { datagramLimit = draw.number(1...5) }
    if draw.chance(0.1) { settings.backlogLimit = draw.number(2...8) }
    if draw.chance(0.1) { streamBacklogLimit = draw.number(1...3) }
    if draw.chance(0.15) { lowWater = draw.number(2...3000) }
    if draw.chance(0.2) { sendLimit = draw.number(3_000...20_000) }
    if draw.chance(0.15) { end = 1_000_000_000 + UInt64(draw.number(200_000...3_000_000)) }
    pause = draw.chance(0.5) ? 500...8_000 : 1_000...120_000
  }
}

// MARK: building the machine

extension Plan {
  func build(_ machine: Machine) {
    machine.settings = settings
    let nic = NIC(
      machine, name: "eth0", bus: 8, receiveCPU: machine.cpus[machine.random.number(0...cpus - 1)],
      transmitCPU: machine.cpus[machine.random.number(0...cpus - 1)])
    nic.splitsSegments = hasTSO
    machine.endpoints.devices = [
      "lo": Device(name: "lo", kind: .loopback), "eth0": Device(name: "eth0", kind: .nic(nic)),
      "v0": Device(name: "v0", kind: .veth(peer: "v1")), "v1": Device(name: "v1", kind: .veth(peer: "v0"))
    ]
    machine.nics.append(nic)
    addDatagrams(machine, nic)
    for index in 0..<remoteStreams { addRemoteStream(machine, nic, index) }
    for index in 0..<localStreams { addLocalStream(machine, 10 + index) }
    for index in 0..<outgoingStreams { addOutgoingStream(machine, nic, 20 + index) }
    addPings(machine, nic)
    for _ in 0..<hogs { machine.startHog(machine.random.number(500_000...3_000_000)) }
  }

  private func reading(_ machine: Machine) -> Machine.Reading { readings[machine.random.number(0...readings.count - 1)] }

  private func addDatagrams(_ machine: Machine, _ nic: NIC) {
    guard datagrams + localDatagrams > 0 else { return }
    let sockets = (0..<machine.random.number(1...3)).map { machine.endpoints.makeDatagram(port: UInt16(7001 + $0)) }
    for socket in sockets { socket.limit = datagramLimit }
    // One port in eight has no socket.
    let ports = sockets.map(\.port) + sockets.map(\.port) + [7009]
    var time = 0
    for _ in 0..<datagrams {
      time += machine.random.number(isFlood ? 300...900 : 500...40_000)
      let size = machine.random.number(1...1400)
      let port = ports[machine.random.number(0...ports.count - 1)]
      machine.after(time) { nic.arrive(max(28 + size, 46), .datagram(port: port, size: size)) }
    }
    if localDatagrams > 0, let device = machine.endpoints.devices[isVeth ? "v0" : "lo"] {
      let sizes = (0..<localDatagrams).map { _ in machine.random.number(1...1400) }
      machine.startSender(to: ports, sizes: sizes, via: device, pause: pause, delay: machine.random.number(1_000...100_000))
    }
    let reading = reading(machine)
    if reading == .polling || machine.random.chance(0.3) {
      machine.startReader(of: sockets, count: datagrams + localDatagrams, .polling, pause: pause)
    } else {
      for socket in sockets { machine.startReader(of: [socket], count: datagrams + localDatagrams, reading, pause: pause) }
    }
  }

  private func sizes(_ machine: Machine) -> ClosedRange<Int> {
    machine.random.chance(0.5) ? 65_536...65_536 : 100...5_000
  }

  private func flows(_ machine: Machine, _ index: Int, _ local: UInt64, _ remote: UInt64) -> [FlowID] {
    let client = Endpoint(low: remote, port: UInt16(40_000 + index), isIPv6: false)
    let server = Endpoint(low: local, port: 7002, isIPv6: false)
    return [
      machine.recording.flows.intern(Flow(local: client, remote: server)),
      machine.recording.flows.intern(Flow(local: server, remote: client))
    ]
  }

  private func plannedMessages(_ machine: Machine) -> [Int] {
    (0..<machine.random.number(1...max(messages, 1))).map { _ in machine.random.number(bytes) }
  }

  /// A peer connects to a server here and sends.
  private func addRemoteStream(_ machine: Machine, _ nic: NIC, _ index: Int) {
    guard let device = machine.endpoints.devices["eth0"] else { return }
    let connection = Connection(number: index, devices: [device, device], flows: flows(machine, index, 0x0a09_0002, 0x0a09_0001))
    let listener = Listener(address: machine.endpoints.newAddress())
    connection.listener = listener
    connection.backlogLimit = streamBacklogLimit
    let peer = Peer(machine, connection, side: 0, nic: nic)
    connection.peer = peer
    peer.faults = faults
    peer.messages = plannedMessages(machine).map { ($0, machine.random.number(isFlood ? 1_000...10_000 : 5_000...200_000)) }
    machine.startServer(listener, reading(machine), pause: pause, sizes: sizes(machine), lowWater: lowWater)
    machine.after(machine.random.number(10_000...150_000)) { peer.connect() }
  }

  /// A client and a server in this machine.
  private func addLocalStream(_ machine: Machine, _ index: Int) {
    let names = isVeth ? ["v0", "v1"] : ["lo", "lo"]
    let devices = names.compactMap { machine.endpoints.devices[$0] }
    let connection = Connection(number: index, devices: devices, flows: flows(machine, index, 0x7f00_0001, 0x7f00_0001))
    let listener = Listener(address: machine.endpoints.newAddress())
    connection.listener = listener
    connection.backlogLimit = streamBacklogLimit
    let client = machine.endpoints.makeStream(connection, side: 0, .close)
    client.sendLimit = sendLimit
    connection.sockets[0] = client
    machine.startServer(listener, reading(machine), pause: pause, sizes: sizes(machine), lowWater: lowWater)
    machine.startClient(client, messages: plannedMessages(machine), pause: pause, closes: true, delay: machine.random.number(10_000...150_000))
  }

  /// A client here and a server beyond the wire.
  private func addOutgoingStream(_ machine: Machine, _ nic: NIC, _ index: Int) {
    guard let device = machine.endpoints.devices["eth0"] else { return }
    let connection = Connection(number: index, devices: [device, device], flows: flows(machine, index, 0x0a09_0001, 0x0a09_0002))
    let client = machine.endpoints.makeStream(connection, side: 0, .close)
    client.sendLimit = sendLimit
    connection.sockets[0] = client
    connection.peer = Peer(machine, connection, side: 1, nic: nic)
    machine.startClient(
      client, messages: plannedMessages(machine), pause: pause, closes: machine.random.chance(0.7),
      delay: machine.random.number(10_000...150_000))
  }

  private func addPings(_ machine: Machine, _ nic: NIC) {
    var time = 0
    for _ in 0..<pings {
      time += machine.random.number(1_000...100_000)
      let isARP = machine.random.chance(0.4)
      machine.after(time) { nic.arrive(isARP ? 46 : 84, isARP ? .arp : .echoRequest) }
    }
  }
}
