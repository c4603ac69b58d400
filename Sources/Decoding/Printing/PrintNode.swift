/// One part of an expression of a print format. Parts refer to each other by their place in the program's list, always to earlier ones.
struct PrintNode: BitwiseCopyable {
  enum Kind: UInt8 {
    /// `value`.
    case number
    /// Text `a`; as a number it is `value`.
    case text
    /// A name that is neither a field nor a number, text `a`: a symbol of the kernel.
    case name
    /// Field `a`.
    case field
    /// Part `a`, of which `value` leaves the bits that the type has; the type's name is text `b`.
    case cast
    /// `op` of part `a`.
    case unary
    /// `op` of parts `a` and `b`.
    case binary
    /// Part `a` ? part `b` : part `c`.
    case conditional
    /// Element part `b` of the array field `a`; `value` leaves the bits that the element's type has.
    case element
    /// Names of the bits of part `a` in table `b`, divided by text `c`.
    case flags
    /// The name of part `a` in table `b`.
    case symbol
    /// So many bytes of array field `a` as part `b` says, in hexadecimal digits, with spaces between them if `c` is not 0.
    case hex
    /// So many numbers of array field `a` as part `b` says, of as many bytes as part `c` says; without `b`, all.
    case array
    /// The string field `a`.
    case string
    /// The bits of field `a` in hexadecimal digits.
    case bitmask
    /// The bits of field `a` as ranges of numbers.
    case cpumask
    /// The place of dynamic field `a`, as a number of bytes from the start of the entry.
    case dynamicArray
    /// The length of dynamic field `a` in bytes.
    case dynamicLength
    /// Function `op` of parts `a`, `b`.
    case function
    /// Argument `a` of a trace_printk.
    case argument
  }

  var kind: Kind
  var op: PrintOperator = .none
  /// How many parts lie below one another from here.
  var depth: UInt16 = 1
  var a: Int32 = -1
  var b: Int32 = -1
  var c: Int32 = -1
  var value: UInt64 = 0

  init(_ kind: Kind, _ op: PrintOperator = .none, a: Int32 = -1, b: Int32 = -1, c: Int32 = -1, value: UInt64 = 0) {
    self.kind = kind
    self.op = op
    self.a = a
    self.b = b
    self.c = c
    self.value = value
  }
}

extension PrintNode {
  /// How loosely its operator binds, or 0 where it has none.
  var looseness: Int {
    switch kind {
    case .unary, .binary: op.looseness
    case .conditional: 16
    default: 0
    }
  }
}

/// An operator of C, or a function that libtraceevent's plugins define.
enum PrintOperator: UInt8 {
  case none
  case not, complement, minus
  case multiply, divide, remainder, add, subtract, shiftLeft, shiftRight
  case less, greater, lessOrEqual, greaterOrEqual, equal, unequal
  case and, exclusiveOr, or, both, either
  case deviceName, milliseconds, hypercall, isWritable, little16, command

  /// How loosely it binds.
  var looseness: Int {
    switch self {
    case .not, .complement: 4
    case .multiply, .divide, .remainder: 6
    case .add, .subtract, .minus: 7
    case .shiftLeft, .shiftRight: 8
    case .less, .greater, .lessOrEqual, .greaterOrEqual: 9
    case .equal, .unequal: 10
    case .and: 11
    case .exclusiveOr: 12
    case .or: 13
    case .both: 14
    case .either: 15
    default: 0
    }
  }

  /// The operator written `token` between two operands, or nil.
  init?(binary token: [UInt8]) {
    switch String(decoding: token, as: UTF8.self) {
    case "*": self = .multiply
    case "/": self = .divide
    case "%": self = .remainder
    case "+": self = .add
    case "-": self = .subtract
    case "<<": self = .shiftLeft
    case ">>": self = .shiftRight
    case "<": self = .less
    case ">": self = .greater
    case "<=": self = .lessOrEqual
    case ">=": self = .greaterOrEqual
    case "==": self = .equal
    case "!=": self = .unequal
    case "&": self = .and
    case "^": self = .exclusiveOr
    case "|": self = .or
    case "&&": self = .both
    case "||": self = .either
    default: return nil
    }
  }

  /// What it makes of two numbers of 64 bits without sign, as libtraceevent calculates; a division by zero gives 0.
  @inline(__always)
  func callAsFunction(_ left: UInt64, _ right: UInt64) -> UInt64 {
    switch self {
    case .multiply: left &* right
    case .divide: right == 0 ? 0 : left / right
    case .remainder: right == 0 ? 0 : left % right
    case .add: left &+ right
    case .subtract: left &- right
    case .shiftLeft: left &<< right
    case .shiftRight: left &>> right
    case .less: left < right ? 1 : 0
    case .greater: left > right ? 1 : 0
    case .lessOrEqual: left <= right ? 1 : 0
    case .greaterOrEqual: left >= right ? 1 : 0
    case .equal: left == right ? 1 : 0
    case .unequal: left != right ? 1 : 0
    case .and: left & right
    case .exclusiveOr: left ^ right
    case .or: left | right
    case .both: left != 0 && right != 0 ? 1 : 0
    case .either: left != 0 || right != 0 ? 1 : 0
    default: 0
    }
  }
}

/// Where a field lies and how it is read.
struct PrintField: BitwiseCopyable {
  let offset: Int
  let size: Int
  let elementSize: Int
  let isArray: Bool
  let isDynamic: Bool
  let isRelative: Bool

  init(_ field: EventFormat.Field) {
    offset = field.offset
    size = field.size
    elementSize = field.elementSize
    isArray = field.isArray
    isDynamic = field.isDynamic
    isRelative = field.isRelative
  }
}
