/// The functions of an ELF file by address: what code at an address is called.
public struct SymbolIndex: Sendable {
  private let addresses: [UInt64]
  private let sizes: [UInt64]
  private let names: [String]

  /// The functions of `file`. Addresses are the file's own: those of a kernel that moved itself (KASLR) are others by a constant.
  public init(_ file: ELFFile) throws(LayoutError) {
    let functions = try file.functions().sorted { ($0.address, $0.name) < ($1.address, $1.name) }
    addresses = functions.map(\.address)
    sizes = functions.map(\.size)
    names = functions.map(\.name)
  }

  /// How many functions there are.
  public var count: Int { addresses.count }

  /// The function that `address` lies in and the offset into it in bytes, or nil. A function without a size goes up to the next.
  public func name(at address: UInt64) -> (name: String, offset: UInt64)? {
    var (low, high) = (0, addresses.count)
    while low < high {
      let middle = (low + high) / 2
      if addresses[middle] <= address { low = middle + 1 } else { high = middle }
    }
    guard low > 0 else { return nil }
    // Of the names of one address, the first.
    var index = low - 1
    while index > 0, addresses[index - 1] == addresses[index] { index -= 1 }
    let offset = address - addresses[index]
    let isInside = sizes[index] == 0 ? low < addresses.count : offset < sizes[index]
    return isInside ? (names[index], offset) : nil
  }

  /// The address of the first function called `name`, or nil.
  public func address(of name: String) -> UInt64? { names.firstIndex(of: name).map { addresses[$0] } }
}
