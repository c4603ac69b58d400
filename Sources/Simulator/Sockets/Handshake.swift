internal import Events
internal import Journeys

/// How TCP connections begin and end.
extension CPU {
  /// tcp_conn_request: the listener answers with a SYN-ACK; nobody is woken.
  func receiveSYN(_ packet: Packet, _ connection: Connection) {
    packet.received[0].end(.absorbed)
    guard connection.listener != nil else { return drop(packet, .noSocket, at: .tcpReceive) }
    let reply = Segment(connection: connection, side: 0, from: 0, to: 0, isSYN: true, acknowledges: 0)
    run(
      { cpu in cpu.transmit(cpu.allocate(60, .tcp(reply)), via: connection.devices[1], answering: packet.received[0]) },
      { $0.consume(packet, at: .listen) })
  }

  /// tcp_check_req and tcp_child_process: the child is established, and the listener announces it.
  func receiveLastACK(_ packet: Packet, _ segment: Segment, _ listener: Listener) {
    let connection = segment.connection
    let child = machine.endpoints.makeStream(connection, side: 1, .listen)
    connection.sockets[1] = child
    child.holder = self
    let truths = packet.received
    for truth in truths {
      truth.socket = child.address
      truth.end(.absorbed)
    }
    run(
      { $0.change(child, to: .synReceived) }, { $0.change(child, to: .established) },
      { cpu in
        listener.accepted.append(child)
        cpu.announceData(listener.address, Event.IPProtocol.tcp, listener.waiters, for: truths)
      },
      { cpu in
        cpu.freeSilently(packet)
        child.holder = nil
      })
  }

  /// tcp_rcv_synsent_state_process: whoever waits in connect() is woken without sk_data_ready.
  func finishConnect(_ packet: Packet, _ socket: StreamSocket) {
    let truths = packet.received
    for truth in truths { truth.end(.absorbed) }
    run(
      { $0.change(socket, to: .established) }, { $0.wakeAll(socket.waiters, for: truths) },
      { $0.acknowledge(socket, for: truths[0]) }, { $0.freeSilently(packet) })
  }

  /// connect(): the SYN leaves, and the task waits for the connection. `next` is called when it stands.
  func connect(_ socket: StreamSocket, _ next: @escaping Step) {
    let segment = Segment(connection: socket.connection, side: 1, from: 0, to: 0, isSYN: true)
    run(
      { $0.lock(socket) }, { $0.change(socket, to: .synSent, from: .close) },
      { cpu in cpu.transmit(cpu.allocate(60, .tcp(segment)), via: socket.connection.devices[socket.side], sender: cpu.current) },
      { $0.release(socket) }, { $0.wait(for: socket.waiters, unless: { socket.state != .synSent }) }, { $0.lock(socket) },
      { $0.release(socket) }, next)
  }

  /// tcp_fin: everyone who waits is woken, before the data's announcement.
  func takeFIN(_ socket: StreamSocket, _ truths: [ReceivedTruth]) {
    run({ $0.change(socket, to: .closeWait) }, { $0.wakeAll(socket.waiters, for: truths) })
  }

  /// Segments of connections that are being closed, for which there is no tcp_probe.
  func changeOfState(_ packet: Packet, _ segment: Segment, _ socket: StreamSocket) {
    for truth in packet.received { truth.end(.absorbed) }
    let truths = packet.received
    var steps: [Step] = []
    switch socket.state {
    case .finWait1 where segment.acknowledgesFIN: steps.append { $0.change(socket, to: .finWait2) }
    case .lastACK where segment.acknowledgesFIN: steps.append { $0.change(socket, to: .close) }
    default:
      for truth in truths where !segment.isFIN {
        truth.isSilent = true
        truth.batch?.hasSilent = true
      }
    }
    if segment.isFIN {
      socket.hasReceivedFIN = true
      // tcp_time_wait
      steps += [{ $0.acknowledge(socket, for: truths[0]) }, { $0.change(socket, to: .close) }]
    }
    run(steps + [{ $0.freeSilently(packet) }])
  }

  /// close(): the FIN leaves.
  func close(_ socket: StreamSocket, _ next: @escaping Step) {
    let segment = { socket.segment(from: socket.sent, to: socket.sent, isFIN: true) }
    run(
      { $0.lock(socket) },
      { cpu in
        for entry in socket.queue {
          cpu.run({ cpu in
            for part in entry.parts where part.truth.outcome == nil { part.truth.end(.dropped) }
            cpu.drop(entry.packet, .queuePurge, at: .purge)
          })
        }
        socket.queue = []
      },
      { $0.change(socket, to: socket.state == .closeWait ? .lastACK : .finWait1) },
      { cpu in
        socket.hasSentFIN = true
        cpu.transmit(cpu.allocate(52, .tcp(segment())), via: socket.connection.devices[socket.side], sender: cpu.current)
      },
      { $0.release(socket) }, next)
  }
}
