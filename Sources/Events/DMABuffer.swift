/// Memory that a driver shares with its device (include/trace/events/dma.h).
public struct DMABuffer: Sendable {
  /// `enum dma_data_direction` (include/linux/dma-direction.h).
  public enum Direction: UInt8, Sendable {
    case both, toDevice, fromDevice, none
  }

  /// The device as its bus names it, for example `0000:00:03.0`.
  public var device: NameID
  /// The address that the device uses.
  public var address: UInt64
  /// How many bytes.
  public var size: UInt32
  public var direction: Direction

  public init(device: NameID, address: UInt64, size: UInt32, direction: Direction) {
    self.device = device
    self.address = address
    self.size = size
    self.direction = direction
  }
}
