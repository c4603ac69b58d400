internal import Events

/// The layout of one event as Linux 6.12 writes it: its `format` text, and where its fields lie. Facts of include/trace/events/*.h.
struct EventFormat {
  struct Field {
    var type: String
    var name: String
    var offset: Int
    var size: Int
  }

  let kind: EventKind
  let id: Int
  var fields: [Field]
  let print: String

  /// `fields` are written as `type name offset size`, separated by commas.
  init(_ id: Int, _ kind: EventKind, _ fields: String, _ print: String) {
    self.id = id
    self.kind = kind
    self.print = print
    self.fields = fields.split(separator: ",").map { text in
      let words = text.split(separator: " ")
      let count = words.count
      return Field(
        type: words.dropLast(3).joined(separator: " "), name: String(words[count - 3]), offset: Int(words[count - 2]) ?? 0,
        size: Int(words[count - 1]) ?? 0)
    }
  }

  var system: String { kind.tracepoint.system }
  var name: String { kind.name }

  /// Bytes of an entry without its strings.
  var size: Int { fields.map { $0.offset + $0.size }.max() ?? 8 }

  func field(_ name: String) -> Field? { fields.first { $0.name == name } }

  /// The text of `events/SYSTEM/NAME/format`.
  var text: String {
    let common = """
      name: \(name)
      ID: \(id)
      format:
      \tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
      \tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;
      \tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;
      \tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;


      """
    let own = fields.map { field in
      let isSigned = ["int", "pid_t", "long"].contains(field.type)
      let isArray = field.type.hasSuffix("]") && !field.type.hasPrefix("__data_loc")
      let parts = field.type.split(separator: "[")
      let declaration = isArray ? "\(parts[0]) \(field.name)[\(parts[1])" : "\(field.type) \(field.name)"
      return "\tfield:\(declaration);\toffset:\(field.offset);\tsize:\(field.size);\tsigned:\(isSigned ? 1 : 0);\n"
    }
    return common + own.joined() + "\nprint fmt: \(print)\n"
  }
}
