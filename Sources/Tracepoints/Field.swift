extension Tracepoint {
  /// One value of an event: what the kernel's record calls it, how text prints it, and in which place of an `EventBody` it lies.
  public struct Field: Sendable {
    /// The kernel's name of the field; of several that are put together, what they are called together.
    public let name: String
    /// Where the value lies in an event; nil if it is only looked at to find another one.
    public let slot: EventBody.Slot?
    /// How the value is made of the record.
    public let form: Form
    /// How text prints it; nil if text does not.
    public let text: TextForm?
    /// What stands in its place where the kernel has no such field.
    public let absent: Int64
    /// The first kernel whose event has the field; nil if it has it from the beginning.
    public let since: String?
    /// What older kernels call it; nil if it has kept its name.
    public let formerName: String?

    init(
      _ name: String, formerly formerName: String? = nil, _ slot: Slot?, _ text: TextForm? = nil, form: Form = .plain, absent: Int64 = 0,
      since: String? = nil
    ) {
      self.name = name
      self.formerName = formerName
      self.slot = slot
      self.form = form
      self.text = text
      self.absent = absent
      self.since = since
    }

    /// How a value is made of a record's bytes.
    public enum Form: Sendable, Equatable {
      /// A number or (in the slot of the name) a string, as it stands in one field.
      case plain
      /// The two ends of a connection: ports in host order, addresses as four and as sixteen bytes.
      case inetAddresses
      /// The two ends of a connection, each a `struct sockaddr_in6`.
      case socketAddresses
      /// What a packet says of itself, in bytes that a probe has copied.
      case header(PacketHeader.Copy)
      /// A line that somebody wrote into the recording.
      case line
    }

    /// The kernel's fields that it is made of.
    public var kernelFields: [String] {
      switch form {
      case .plain, .line: [name]
      case .inetAddresses: ["family", "sport", "dport", "saddr", "daddr", "saddr_v6", "daddr_v6"]
      case .socketAddresses: ["saddr", "daddr"]
      case .header: PacketHeader.Part.allCases.map(\.name)
      }
    }
  }
}

/// The short name within this target.
typealias Field = Tracepoint.Field

/// How the text of an event prints a value. Keys are words that stand before it; without one it is the field's name and `=`.
public enum TextForm: Sendable {
  /// A number, decimal or hexadecimal with `0x`.
  case number(String? = nil)
  /// An address, hashed or not; with `(null)` and its like for 0.
  case address(String? = nil)
  /// An address that not every kernel prints.
  case addressIfPrinted(String? = nil)
  /// A word, up to a space or comma.
  case word(String? = nil)
  /// Everything up to the line's end.
  case rest(String? = nil)
  /// A name that stands for a number, or the number; 0 if it is not printed.
  case symbol(Symbols, String? = nil)
  /// The same where it is always printed.
  case neededSymbol(Symbols, String? = nil)
  /// A place in the kernel, by name or address.
  case place(String? = nil)
  /// A name whose number text does not tell.
  case nameOfNumber(String? = nil)
  /// A length, and behind another key the error in place of it.
  case lengthOrError(String, String)
  /// `sport=%hu dport=%hu saddr=%pI4 daddr=%pI4 saddrv6=%pI6c daddrv6=%pI6c`.
  case inetAddresses
  /// `src=%pISpc dest=%pISpc`.
  case socketAddresses
  /// A part of a line that the scheduler writes, which names of tasks make hard to read: it is read as a whole.
  case scheduler

  /// The numbers that a name may stand for (`__print_symbolic`).
  public enum Symbols: Sendable {
    case families, protocols, tcpStates
  }
}
