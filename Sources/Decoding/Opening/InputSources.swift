internal import Bytes

/// A file, and the CPU if it was found in a directory as the pages of one.
struct InputSource {
  let file: InputFile
  var cpu: Int32?
  /// The directory it was found in, as the user named it.
  var directory: String?

  /// Whether it holds the pages that somebody took aside.
  var isSnapshot: Bool { file.path.hasSuffix("/snapshot_raw") }

  /// What the file is, by its first bytes.
  func kind() throws(ReadingError) -> FileKind {
    guard file.size > 0 else { throw ReadingError(.notATrace, path: file.path, offset: 0, "the file is empty") }
    do throws(BytesError) {
      let head = try file.bytes(at: 0, count: min(file.size, FileKind.headSize))
      return FileKind(head.bytes)
    } catch {
      throw ReadingError(error)
    }
  }

  /// The file at `path`, or standard input. What must be kept while it is read must be something we know, unless it `isKnown`.
  static func file(_ path: String, isKnown: Bool = false) throws(ReadingError) -> InputFile {
    do {
      return try InputFile(path: path) { isKnown || FileKind($0) != .unknown }
    } catch {
      throw ReadingError(error)
    }
  }
}

/// The files of a recording, and what was said of how to read them.
struct InputSources {
  private(set) var files: [InputSource] = []
  /// What raw pages mean, if somebody says.
  private(set) var pageFormats: PageFormats?
  /// The ring buffer that is to be read, if not all are.
  var buffer: String?
  /// The kernel's symbols, if the user has them.
  var symbols: KernelSymbols?

  /// Finds what `paths` stand for: themselves, or files of directories. `formats` is what the user names for raw pages.
  init(paths: [String], formats: String?) throws(ReadingError) {
    if let formats { pageFormats = try PageFormats(path: formats) }
    for path in paths { try add(path) }
    // CPUs that wrote nothing leave empty files.
    let filled = files.filter { $0.file.size > 0 || PageFile.cpu(inPath: $0.file.path) == nil }
    if pageFormats != nil, !filled.isEmpty { files = filled }
  }

  private mutating func add(_ path: String) throws(ReadingError) {
    guard Directory.exists(path) else { return files.append(InputSource(file: try InputSource.file(path))) }
    let folder = TraceFolder(path)
    try findFormats(folder, path)
    var found: [InputSource] = []
    for page in folder.pages { found.append(InputSource(file: try InputSource.file(page.path, isKnown: true), cpu: page.cpu, directory: path)) }
    // Rings that hold nothing, as those of a tracefs nobody records into.
    found.removeAll { $0.file.size == 0 }
    // A snapshot is another recording than the one that goes on.
    if found.contains(where: { !$0.isSnapshot }) { found.removeAll { $0.isSnapshot } }
    if found.isEmpty, let other = folder.text ?? folder.head { found.append(InputSource(file: try InputSource.file(other))) }
    guard !found.isEmpty else {
      throw ReadingError(
        .notATrace, path: path,
        "is a directory without a recording: neither per_cpu/cpuN/trace_pipe_raw nor snapshot_raw nor files named …cpuN nor trace nor snapshot has data"
      )
    }
    files += found
  }

  /// Takes the formats that lie beside the pages of `folder`, if no others are there.
  private mutating func findFormats(_ folder: TraceFolder, _ path: String) throws(ReadingError) {
    if let pageFormats, pageFormats.isHead, !folder.pages.isEmpty {
      throw ReadingError(
        .unsupported, path: path, "holds pages of another recording than those before it, which a killed recorder has left: read each by itself")
    }
    if pageFormats == nil, !folder.pages.isEmpty {
      if let head = folder.head {
        pageFormats = try PageFormats(path: head, isHead: true)
        pageFormats?.until = folder.until ?? .max
      } else if folder.hasFormats {
        pageFormats = try PageFormats(path: path)
      }
    }
    pageFormats?.adopt(path)
  }
}
