extension RecordedEvent {
  /// The events of memory that a driver hands to its device to write packets into, and takes back (include/trace/events/dma.h, kernel 6.12 and
  /// later; `_phys` from 6.18). The kernel is asked for the direction FROM_DEVICE alone, and for the hardware behind `devices` where it is known.
  static func dma(_ devices: [String]) -> [RecordedEvent] {
    let names = Set(devices.flatMap { hardware(behind: $0) }).sorted()
    let fromDevice = "dir == 2"
    let condition =
      names.isEmpty ? fromDevice : "\(fromDevice) && (\(names.map { "device == \"\($0)\"" }.joined(separator: " || ")))"
    func event(_ name: String, _ need: String, _ cost: String) -> RecordedEvent {
      RecordedEvent("dma", name, for: need, without: cost, keeping: condition)
    }
    let (posted, claimed) = ("when the NIC may write a packet into memory is unknown", "when the driver takes a filled buffer back is unknown")
    return [
      event("dma_map_page", "a driver hands a buffer to its device", posted),
      event("dma_map_phys", "the same, kernel 6.18 and later", posted),
      event("dma_unmap_page", "a driver takes a filled buffer back", claimed),
      event("dma_unmap_phys", "the same, kernel 6.18 and later", claimed),
      event("dma_sync_single_for_cpu", "a driver looks into a buffer that it keeps for the device", claimed)
    ]
  }

  /// The names that the network device's hardware may have in dma events: its own and, for virtio, that of the PCI device above it.
  /// None where it has no hardware or lives in another network namespace.
  private static func hardware(behind device: String) -> [String] {
    guard let path = SystemCalls.resolved("/sys/class/net/\(device)/device") else { return [] }
    return path.split(separator: "/").suffix(2).map(String.init)
  }
}
