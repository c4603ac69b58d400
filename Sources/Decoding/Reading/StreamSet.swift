/// The streams of a recording, each in the order it was written. They are numbered through: ring buffers, then texts, then perf.data.
struct StreamSet {
  /// The ring-buffer pages of one CPU of one file each.
  var rings: [RingStream] = []
  /// A file of text each.
  var texts: [TextStream] = []
  /// A perf.data each.
  var perfs: [PerfStream] = []

  var count: Int { rings.count + texts.count + perfs.count }

  /// What the stream of a number is, and which of its kind.
  enum Place {
    case ring(Int)
    case text(Int)
    case perf(Int)
  }

  @inline(__always)
  func place(_ stream: Int32) -> Place {
    let index = Int(stream)
    if index < rings.count { return .ring(index) }
    let text = index - rings.count
    return text < texts.count ? .text(text) : .perf(text - texts.count)
  }

  /// Which of the recording's catalogs describes the events of stream `stream`; -1 for text.
  func format(_ stream: Int32) -> Int {
    switch place(stream) {
    case .ring(let index): rings[index].catalog
    case .text: -1
    case .perf(let index): perfs[index].catalog
    }
  }
}
