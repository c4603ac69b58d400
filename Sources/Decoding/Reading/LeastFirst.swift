internal import HeapModule

/// A heap whose least element lies beside it. Where two streams come by turns, one takes the place of the other and the heap is not touched.
struct LeastFirst<Element: Comparable> {
  /// The least of all, or nil if there is none.
  private(set) var min: Element?
  private var others = Heap<Element>()

  init() {}

  init(_ elements: [Element]) {
    others = Heap(elements)
    min = others.popMin()
  }

  /// All of them, in no order.
  var unordered: [Element] { others.unordered + (min.map { [$0] } ?? []) }

  @inline(__always)
  mutating func insert(_ element: Element) {
    guard let least = min else { return min = element }
    others.insert(Swift.max(element, least))
    min = Swift.min(element, least)
  }

  @inline(__always)
  mutating func removeMin() { min = others.popMin() }

  /// Puts `element` in the place of the least.
  @inline(__always)
  mutating func replaceMin(with element: Element) {
    if let next = others.min, next < element {
      others.replaceMin(with: element)
      min = next
    } else {
      min = element
    }
  }
}
