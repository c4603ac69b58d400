/// The kernel's soft interrupt vectors (`enum` in include/linux/interrupt.h).
public enum SoftIRQ {
  @inlinable public static var netTX: Int32 { 2 }
  @inlinable public static var netRX: Int32 { 3 }
  /// Names by number.
  public static let names = ["HI", "TIMER", "NET_TX", "NET_RX", "BLOCK", "IRQ_POLL", "TASKLET", "SCHED", "HRTIMER", "RCU"]
}

extension Event {
  /// TCP states (include/net/tcp_states.h).
  public enum TCPState {
    @inlinable public static var established: Int32 { 1 }
    @inlinable public static var synSent: Int32 { 2 }
    @inlinable public static var synReceived: Int32 { 3 }
    @inlinable public static var finWait1: Int32 { 4 }
    @inlinable public static var finWait2: Int32 { 5 }
    @inlinable public static var close: Int32 { 7 }
    @inlinable public static var closeWait: Int32 { 8 }
    @inlinable public static var lastACK: Int32 { 9 }
    @inlinable public static var listen: Int32 { 10 }
  }

  /// IP protocol numbers.
  public enum IPProtocol {
    @inlinable public static var icmp: UInt16 { 1 }
    @inlinable public static var tcp: UInt16 { 6 }
    @inlinable public static var udp: UInt16 { 17 }
    @inlinable public static var icmpv6: UInt16 { 58 }
  }

  /// Address families (include/linux/socket.h).
  public enum AddressFamily {
    @inlinable public static var inet: UInt16 { 2 }
    @inlinable public static var inet6: UInt16 { 10 }
  }
}
