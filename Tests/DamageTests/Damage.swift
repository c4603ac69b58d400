import Foundation
import Support

/// One way to damage a file.
enum Damage: CustomStringConvertible {
  case cut(at: Int)
  case flip(byte: Int, bit: Int)
  case zero(Range<Int>)

  /// The bytes that are no longer what they were.
  var range: Range<Int> {
    switch self {
    case .cut(let offset): offset..<Int.max
    case .flip(let byte, _): byte..<byte + 1
    case .zero(let range): range
    }
  }

  /// `data` after it.
  func applied(to data: Data) -> Data {
    var damaged = data
    switch self {
    case .cut(let offset): return data.prefix(offset)
    case .flip(let byte, let bit): damaged[byte] ^= UInt8(1 << bit)
    case .zero(let range): damaged.resetBytes(in: range)
    }
    return damaged
  }

  var description: String {
    switch self {
    case .cut(let offset): "cut at byte \(offset)"
    case .flip(let byte, let bit): "bit \(bit) of byte \(byte) flipped"
    case .zero(let range): "bytes \(range) zeroed"
    }
  }

  /// Cut at each byte of the first and last 4 KiB and at 200 places between, a thousand flipped bits, and every page zeroed; of these each
  /// one in `share`, beginning with the one that `seed` chooses.
  static func all(of count: Int, seed: UInt64, share: Int) -> [Damage] {
    var random = SplitMix(state: seed)
    var all: [Damage] = []
    let head = min(4096, count)
    all += (0..<head).map { .cut(at: $0) }
    if count > 2 * 4096 { all += (0..<200).map { _ in .cut(at: Int.random(in: 4096..<count - 4096, using: &random)) } }
    all += (max(head, count - 4096)..<max(head, count)).map { .cut(at: $0) }
    let first = Int.random(in: 0..<share, using: &random)
    all = stride(from: first, to: all.count, by: share).map { all[$0] }
    all += (0..<max(1000 / share, 100)).map { _ in
      .flip(byte: Int.random(in: 0..<count, using: &random), bit: Int.random(in: 0..<8, using: &random))
    }
    all += stride(from: 0, to: count, by: 4096).map { .zero($0..<min($0 + 4096, count)) }
    return all
  }
}
