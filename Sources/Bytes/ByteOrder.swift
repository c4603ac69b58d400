/// The order of bytes in a file's integers; trace.dat and perf.data are written in the order of the machine that recorded them.
@frozen public enum ByteOrder: Sendable, Equatable {
  case little
  case big
}
