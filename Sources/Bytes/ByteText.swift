/// Names in recordings and of files are bytes, and need not be UTF-8. As a `String` such a name has, for each byte that belongs to no well-formed
/// sequence, one scalar of a private block (U+10FF00 + byte), which nothing that is read has otherwise: a name keeps its bytes, is printed
/// with each as `\x9b`, and a file can be opened by it.
public enum ByteText {
  /// The scalar of byte 0.
  static let firstScalar: UInt32 = 0x10_ff00
  /// Scalars from here to the end of Unicode mean something to us alone: they are not taken from what is read.
  static let firstReserved: UInt32 = 0x10_fe00

  /// The byte that `scalar` stands for, if it stands for one.
  public static func byte(of scalar: Unicode.Scalar) -> UInt8? { scalar.value < firstScalar ? nil : UInt8(truncatingIfNeeded: scalar.value) }

  /// How many bytes the well-formed sequence at `place` has, or 0 where none begins.
  static func sequenceLength(_ bytes: [UInt8], at place: Int) -> Int {
    let first = bytes[place]
    if first < 0x80 { return 1 }
    let length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2
    guard place + length <= bytes.count, first >= 0xc2 else { return 0 }
    var scalar = UInt32(first) & (0x7f >> UInt32(length))
    for byte in bytes[place + 1..<place + length] {
      guard byte & 0xc0 == 0x80 else { return 0 }
      scalar = scalar << 6 | UInt32(byte & 0x3f)
    }
    let isShortest = scalar >= (length == 2 ? 0x80 : length == 3 ? 0x800 : 0x1_0000)
    return isShortest && Unicode.Scalar(scalar) != nil && scalar < firstReserved ? length : 0
  }
}

extension String {
  /// The text of `bytes`; those that are not UTF-8 are kept.
  public init(keeping bytes: [UInt8]) {
    // The reserved block is in the last sixteenth of what begins with this byte.
    if !bytes.contains(0xf4), let text = String(validating: bytes, as: UTF8.self) {
      self.init(text)
      return
    }
    var scalars = String.UnicodeScalarView()
    var place = 0
    while place < bytes.count {
      let length = ByteText.sequenceLength(bytes, at: place)
      if length > 0 {
        scalars.append(contentsOf: String(decoding: bytes[place..<place + length], as: UTF8.self).unicodeScalars)
      } else if let scalar = Unicode.Scalar(ByteText.firstScalar + UInt32(bytes[place])) {
        scalars.append(scalar)
      }
      place += Swift.max(length, 1)
    }
    self.init(scalars)
  }

  /// The bytes that the text was made of, those that were not UTF-8 included.
  public var keptBytes: [UInt8] {
    guard utf8.contains(0xf4) else { return Array(utf8) }
    return unicodeScalars.flatMap { scalar in ByteText.byte(of: scalar).map { [$0] } ?? Array(String(scalar).utf8) }
  }
}

extension String {
  /// The text of the bytes up to the first zero.
  @unsafe public init(keeping name: UnsafePointer<CChar>) {
    var bytes: [UInt8] = []
    while unsafe name[bytes.count] != 0 { unsafe bytes.append(UInt8(bitPattern: name[bytes.count])) }
    self.init(keeping: bytes)
  }

  /// Calls `body` with the kept bytes and a zero behind them, as system calls take the names of files.
  func withFileName<R>(_ body: (UnsafePointer<CChar>) -> R) -> R {
    guard utf8.contains(0xf4) else { return unsafe withCString(body) }
    let name = keptBytes.map { CChar(bitPattern: $0) } + [0]
    return unsafe name.withUnsafeBufferPointer { buffer in unsafe buffer.baseAddress.map { unsafe body($0) } ?? "".withCString(body) }
  }
}
