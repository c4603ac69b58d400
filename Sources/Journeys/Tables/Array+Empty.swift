extension Array {
  /// Removes all elements and keeps the memory; for few of them, since `removeAll(keepingCapacity:)` takes a hundred steps for the first.
  @inline(__always)
  mutating func removeFew() {
    while popLast() != nil {}
  }
}
