// Memory that a driver hands to its device to write packets into, and takes back: include/trace/events/dma.h, kernel 6.12 and later;
// the events `_phys` replace those of `_page` from 6.18 on and tell the same.

/// Memory that a driver shares with its device.
public struct DMABuffer: EventView {
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
  /// Who writes into it.
  public var direction: Direction

  private static var addressSlot: Slot { .first }
  private static var sizeSlot: Slot { .second }
  private static var directionSlot: Slot { .third }

  public init(_ body: EventBody) {
    self.init(
      device: body.name, address: body[Self.addressSlot], size: UInt32(clamping: body[bits: Self.sizeSlot]),
      direction: Direction(rawValue: UInt8(truncatingIfNeeded: body[bits: Self.directionSlot])) ?? .none)
  }

  public init(device: NameID, address: UInt64, size: UInt32, direction: Direction) {
    self.device = device
    self.address = address
    self.size = size
    self.direction = direction
  }

  /// An event of `kind` that tells it.
  fileprivate func told(by kind: EventBody.Kind) -> EventBody {
    EventBody(kind, device).with(Self.addressSlot, address).with(Self.sizeSlot, size).with(Self.directionSlot, UInt64(direction.rawValue))
  }

  fileprivate static func tracepoint(
    _ name: String, _ kind: EventBody.Kind, address field: String, need: String, cost: String, since: String, evidence: String? = nil
  ) -> Tracepoint {
    Tracepoint(
      "dma", name, kind,
      fields: [Field("device", .name), Field(field, addressSlot), Field("size", sizeSlot), Field("dir", directionSlot)], need: need, cost: cost,
      since: since, recording: .withDMA, filter: .receiveBuffers, evidence: evidence)
  }

  fileprivate static let posted = "when the NIC may write a packet into memory is unknown"
  fileprivate static let claimed = "when the driver takes a filled buffer back is unknown"
}

extension Tracepoint {
  static let dmaMapPage = DMABuffer.tracepoint(
    "dma_map_page", .dmaMap, address: "dma_addr", need: "a driver hands a buffer to its device", cost: DMABuffer.posted, since: "6.12",
    evidence: "dma_map")

  static let dmaMapPhys = DMABuffer.tracepoint(
    "dma_map_phys", .dmaMap, address: "dma_addr", need: "the same, kernel 6.18 and later", cost: DMABuffer.posted, since: "6.18",
    evidence: "dma_map")

  static let dmaUnmapPage = DMABuffer.tracepoint(
    "dma_unmap_page", .dmaUnmap, address: "addr", need: "a driver takes a filled buffer back", cost: DMABuffer.claimed, since: "6.12",
    evidence: "dma_unmap")

  static let dmaUnmapPhys = DMABuffer.tracepoint(
    "dma_unmap_phys", .dmaUnmap, address: "addr", need: "the same, kernel 6.18 and later", cost: DMABuffer.claimed, since: "6.18",
    evidence: "dma_unmap")

  static let dmaSyncForCPU = DMABuffer.tracepoint(
    "dma_sync_single_for_cpu", .dmaSyncForCPU, address: "dma_addr", need: "a driver looks into a buffer that it keeps for the device",
    cost: DMABuffer.claimed, since: "6.12")
}

extension EventBody {
  /// A driver hands memory to its device.
  public static func dmaMap(_ buffer: DMABuffer) -> EventBody { buffer.told(by: .dmaMap) }
  /// It takes the memory back.
  public static func dmaUnmap(_ buffer: DMABuffer) -> EventBody { buffer.told(by: .dmaUnmap) }
  /// It looks into memory that it keeps for the device.
  public static func dmaSyncForCPU(_ buffer: DMABuffer) -> EventBody { buffer.told(by: .dmaSyncForCPU) }
}

extension Event {
  /// What `dma:dma_map_page` or `dma_map_phys` says.
  public var dmaMap: DMABuffer { DMABuffer(body) }
  /// What `dma:dma_unmap_page` or `dma_unmap_phys` says.
  public var dmaUnmap: DMABuffer { DMABuffer(body) }
  /// What `dma:dma_sync_single_for_cpu` says.
  public var dmaSyncForCPU: DMABuffer { DMABuffer(body) }
  /// The memory that an event of DMA is about, of any of them.
  public var buffer: DMABuffer { DMABuffer(body) }
}
