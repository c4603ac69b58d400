extension UInt64 {
  /// How much later than `earlier` this time is; 0 where events are damaged, missing or out of order, so that it is not.
  @inlinable @inline(__always)
  public func since(_ earlier: UInt64) -> UInt64 { self > earlier ? self &- earlier : 0 }
}
