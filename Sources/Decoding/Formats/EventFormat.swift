/// What a `format` file says of one event: its id, its name and where its fields lie.
public struct EventFormat: Sendable {
  /// One field of an event.
  public struct Field: Sendable {
    public let name: String
    /// The C type as the kernel prints it.
    public let type: String
    /// Where the field begins, in bytes from the start of the entry.
    public let offset: Int
    /// How many bytes it takes in the entry; 4 for `__data_loc`, whose data lie elsewhere in the entry.
    public let size: Int
    /// The size of one element of an array in bytes, or 0.
    public let elementSize: Int
    public let isSigned: Bool
    public let isArray: Bool
    public let isString: Bool
    public let isPointer: Bool
    /// Whether this is `__data_loc`: 16 bits of offset and 16 bits of length of data in the entry.
    public let isDynamic: Bool
    /// Whether this is `__rel_loc`, whose offset counts from the end of the field itself.
    public let isRelative: Bool
  }

  public let id: Int
  public let system: String
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
