internal import Yams

/// A piece of a model's file: a value with its line, and with what it is to be in words for errors.
struct Piece {
  let node: Node
  let file: String
  /// What the value is: `a step`, or `'because' of a step`.
  let what: String

  var line: Int { node.mark?.line ?? 1 }

  func error(_ sentence: String) -> ModelError { ModelError(file: file, line: line, sentence: sentence) }

  /// The text, if it is one and no list or mapping.
  var word: String? { node.scalar?.string }

  /// The value as text.
  func text() throws(ModelError) -> String {
    guard let word else { throw error("\(what) must be text") }
    guard !word.isEmpty else { throw error("\(what) is empty") }
    return word
  }

  /// The value as a whole number.
  func whole() throws(ModelError) -> Int {
    guard let number = word.flatMap({ Int($0) }) else {
      throw error("\(what) must be a whole number, not \(word.map { "'\($0)'" } ?? "a list")")
    }
    guard number >= 0 else { throw error("\(what) must not be negative") }
    return number
  }

  /// The value as `true` or `false`.
  func flag() throws(ModelError) -> Bool {
    switch word {
    case "true": return true
    case "false": return false
    default: throw error("\(what) must be true or false")
    }
  }

  /// The elements of a list.
  func list(of element: String) throws(ModelError) -> [Piece] {
    guard let nodes = node.sequence else { throw error("\(what) must be a list") }
    return nodes.map { Piece(node: $0, file: file, what: element) }
  }

  /// A list, or a single value in place of a list of one.
  func oneOrMore(of element: String) -> [Piece] {
    guard let nodes = node.sequence else { return [Piece(node: node, file: file, what: what)] }
    return nodes.map { Piece(node: $0, file: file, what: element) }
  }

  /// The keys of a mapping with their values, in their order.
  func entries() throws(ModelError) -> [(key: Piece, name: String, value: Piece)] {
    guard let mapping = node.mapping else { throw error("\(what) must be a mapping of names to values") }
    var entries: [(key: Piece, name: String, value: Piece)] = []
    for (key, value) in mapping {
      let piece = Piece(node: key, file: file, what: "a key of \(what)")
      let name = try piece.text()
      entries.append((piece, name, Piece(node: value, file: file, what: "'\(name)' of \(what)")))
    }
    return entries
  }

  /// The values of a mapping that may have `keys` and no others.
  func fields(_ keys: [String]) throws(ModelError) -> Fields {
    var values: [String: Piece] = [:]
    for entry in try entries() {
      guard keys.contains(entry.name) else {
        throw entry.key.error("\(what) has no '\(entry.name)'; it may have \(keys.joined(separator: ", "))")
      }
      values[entry.name] = entry.value
    }
    return Fields(piece: self, values: values)
  }
}

/// The values of one mapping in a model's file, by key.
struct Fields {
  let piece: Piece
  let values: [String: Piece]

  var line: Int { piece.line }

  func error(_ sentence: String) -> ModelError { piece.error(sentence) }

  func has(_ key: String) -> Bool { values[key] != nil }

  /// The value of `key`, which must be there.
  func piece(_ key: String) throws(ModelError) -> Piece {
    guard let value = values[key] else { throw error("\(piece.what) lacks '\(key)'") }
    return value
  }

  func text(_ key: String) throws(ModelError) -> String { try piece(key).text() }

  func textIfAny(_ key: String) throws(ModelError) -> String? {
    guard let value = values[key] else { return nil }
    return try value.text()
  }

  /// Whether `key` is true; false where it is absent.
  func flag(_ key: String) throws(ModelError) -> Bool {
    guard let value = values[key] else { return false }
    return try value.flag()
  }

  /// The elements of the list `key`; none where it is absent.
  func list(_ key: String, of element: String) throws(ModelError) -> [Piece] {
    guard let value = values[key] else { return [] }
    return try value.list(of: element)
  }

  /// The texts of the list `key`; none where it is absent.
  func texts(_ key: String, of element: String) throws(ModelError) -> [String] {
    var texts: [String] = []
    for piece in try list(key, of: element) { texts.append(try piece.text()) }
    return texts
  }
}

extension Piece {
  /// The case of an enumeration that the text names; `kind` says what it is, for the error.
  func choice<T: RawRepresentable & CaseIterable>(_ kind: String) throws(ModelError) -> T where T.RawValue == String {
    let name = try text()
    if let value = T(rawValue: name) { return value }
    throw error("unknown \(kind) '\(name)'; there are \(T.allCases.map(\.rawValue).joined(separator: ", "))")
  }

  /// The value that the text names in a vocabulary.
  func choice<T>(_ kind: String, from all: [(name: String, value: T)]) throws(ModelError) -> T {
    let name = try text()
    if let found = all.first(where: { $0.name == name }) { return found.value }
    let names = all.count <= 24 ? "; there are \(all.map(\.name).joined(separator: ", "))" : ""
    throw error("unknown \(kind) '\(name)'\(names)")
  }
}
