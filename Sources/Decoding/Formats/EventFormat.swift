/// What a `format` file says of one event: its id, its name and where its fields lie.
public struct EventFormat: Sendable {
  /// One field of an event.
  public struct Field: Sendable {
    /// The name, without brackets or stars.
    public let name: String
    /// The C type as the kernel prints it.
    public let type: String
    /// Where the field begins, in bytes from the start of the entry.
    public let offset: Int
    /// How many bytes it takes in the entry; 4 for `__data_loc`, whose data lie elsewhere in the entry.
    public let size: Int
    /// The size of one element of an array in bytes, or 0.
    public let elementSize: Int
    /// Whether its numbers are signed.
    public let isSigned: Bool
    /// Whether it is an array.
    public let isArray: Bool
    /// Whether it is text.
    public let isString: Bool
    /// Whether it is an address.
    public let isPointer: Bool
    /// Whether this is `__data_loc`: 16 bits of offset and 16 bits of length of data in the entry.
    public let isDynamic: Bool
    /// Whether this is `__rel_loc`, whose offset counts from the end of the field itself.
    public let isRelative: Bool
  }

  /// The number that entries carry as `common_type`; it differs from kernel to kernel.
  public let id: Int
  /// The folder of `events` it is in, such as `net`.
  public let system: String
  /// The event's own name.
  public let name: String
  /// The fields every event has (`common_type` and so on).
  public let commonFields: [Field]
  /// The event's own fields.
  public let fields: [Field]

  /// The field called `name`, common or own, or nil.
  public func field(_ name: String) -> Field? {
    fields.first { $0.name == name } ?? commonFields.first { $0.name == name }
  }
}
