internal import Events

/// The sockets and devices of a machine.
struct Endpoints {
  var datagrams: [UInt16: DatagramSocket] = [:]
  var connections: [Connection] = []
  var devices: [String: Device] = [:]
  private var nextSocket: UInt64 = 0xffff_8881_3000_0000
  private var nextCookie: UInt64 = 1

  mutating func newAddress() -> UInt64 {
    nextSocket += 0xc00
    return nextSocket
  }

  mutating func makeStream(_ connection: Connection, side: Int, _ state: StreamSocket.State) -> StreamSocket {
    nextCookie += 1
    return StreamSocket(address: newAddress(), cookie: nextCookie, connection, side: side, state)
  }

  mutating func makeDatagram(port: UInt16) -> DatagramSocket {
    let socket = DatagramSocket(address: newAddress(), port: port)
    datagrams[port] = socket
    return socket
  }
}
