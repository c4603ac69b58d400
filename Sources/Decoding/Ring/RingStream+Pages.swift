internal import Bytes

/// From page to page, and what was lost between them.
extension RingStream {
  /// Goes to the next page that holds data; false at the end of the stream.
  mutating func openPage(_ buffers: inout ByteBuffers, _ index: Int, _ diagnostics: inout Diagnostics) -> Bool {
    guard !isPastEnd else { return false }
    if nextPage >= buffers.byteCount(index) {
      guard let offset = source.fill(&buffers[index], &diagnostics) else { return false }
      bufferOffset = offset
      nextPage = 0
      if source.hasLostPages {
        isMissing = true
        return true
      }
    }
    page = nextPage
    nextPage += layout.pageSize
    readPageHead(buffers.bytes(index), &diagnostics)
    return true
  }

  private mutating func readPageHead(_ bytes: RawSpan, _ diagnostics: inout Diagnostics) {
    (walk.at, walk.end) = (0, 0)
    let place = bufferOffset + page
    let available = min(bytes.byteCount - page, layout.pageSize)
    guard let stamp = bytes.integer(UInt64.self, at: page, layout.order),
      let commit = bytes.unsigned(at: page + PageLayout.commitOffset, size: layout.commitSize, layout.order)
    else {
      diagnostics.add(.pageCutShort, path: path, offset: place, "CPU \(cpu): \(available) bytes of a page are left")
      isCutShort = true
      return
    }
    var length = Int(commit & PageLayout.lengthMask)
    guard length <= layout.pageSize - layout.dataOffset else {
      diagnostics.add(.pageCommitTooLong, path: path, offset: place, "CPU \(cpu): a page says it holds \(length) bytes")
      isMissing = true
      return
    }
    guard stamp != 0 else {
      diagnostics.add(.pageZeroTime, path: path, offset: place, "CPU \(cpu)")
      isMissing = true
      return
    }
    guard stamp <= until else {
      isPastEnd = true
      return
    }
    if length > available - layout.dataOffset {
      diagnostics.add(.pageCutShort, path: path, offset: place, "CPU \(cpu): \(available) of \(layout.pageSize) bytes are there")
      length = max(available - layout.dataOffset, 0)
      isCutShort = true
    }
    if commit & PageLayout.missedEvents != 0 {
      let stored = commit & PageLayout.missedStored != 0
      let count = stored ? bytes.unsigned(at: page + layout.dataOffset + length, size: layout.commitSize, layout.order) : nil
      diagnostics.add(.lostEvents, path: path, offset: place, "CPU \(cpu)")
      lose(until: stamp, events: isMissing ? nil : count)
    } else if isMissing, length > 0 {
      lose(until: stamp, events: nil)
    }
    if length > 0 {
      walk.time = stamp
      hasTime = true
    }
    walk.at = page + layout.dataOffset
    walk.end = walk.at + length
  }

  /// Where the file was cut, everything this CPU wrote later is lost; true once.
  mutating func loseTheRest() -> Bool {
    guard (isCutShort || isMissing || source.isCut) && !hasLostTheRest && !isPastEnd else { return false }
    hasLostTheRest = true
    pendingGap = Gap(cpu: cpu, after: hasTime ? walk.time : 0, before: .max, events: nil)
    return true
  }

  /// Notes a loss between the last event and `before`.
  private mutating func lose(until before: UInt64, events: UInt64?) {
    isMissing = false
    pendingGap = Gap(cpu: cpu, after: hasTime ? min(walk.time, before) : before, before: before, events: events)
  }
}
