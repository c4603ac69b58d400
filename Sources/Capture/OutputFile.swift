internal import Linux
internal import SystemPackage

/// Where the recording goes. The file appears there when it is complete; an older one stays until then.
///
/// Its directory is held open, for its owner may not be ours: whatever they do to names in it meanwhile, what is replaced in the end is one name in
/// this directory, and nothing that it leads to.
struct OutputFile {
  /// As the user named it.
  let name: String
  /// Its name in its directory.
  let base: String
  /// The directory as the user named it, `.` for none.
  let directory: String
  let folder: OpenDirectory

  /// Checks before anything is recorded that a file can be made at `name`.
  init(_ name: String) throws(CaptureError) {
    self.name = name
    let path = FilePath(name)
    guard name != "-", let base = path.lastComponent?.string, path.lastComponent?.kind == .regular else {
      throw CaptureError("a recording needs a file: give one with -o", .output)
    }
    self.base = base
    let parent = path.removingLastComponent().string
    directory = parent.isEmpty ? "." : parent
    do throws(Errno) {
      folder = try OpenDirectory(directory)
      if let refusal = folder.refusal { throw refusal }
    } catch {
      throw CaptureError("\(name) cannot be written in \(directory)", error, .output)
    }
    switch folder.status(of: base)?.kind {
    case .regular, nil: break
    case .link: throw CaptureError("\(name) is a link, which another may turn elsewhere: give the file itself with -o", .output)
    default: throw CaptureError("\(name) is not a plain file: give another one with -o", .output)
    }
  }

  /// Has `write` fill a new file, which then takes the name; answers what that does. Without success there is nothing new.
  func replace<T>(by write: (FileDescriptor) throws(Errno) -> T) throws(CaptureError) -> T {
    let partial = ".\(base.prefix(200)).\(String(UInt64.random(in: 0 ... .max), radix: 36))"
    do throws(Errno) {
      return try folder.fill(base, by: partial, write)
    } catch {
      throw CaptureError("\(name) cannot be written", error, .output)
    }
  }
}

extension OpenDirectory {
  /// Has `write` fill a new file called `partial`, which then gets the name `name`; without success it is removed, or left where
  /// `keepsPart` says so.
  func fill<T>(
    _ name: String, by partial: String, in target: OpenDirectory? = nil, keepsPart: Bool = false, _ write: (FileDescriptor) throws(Errno) -> T
  ) throws(Errno) -> T {
    let file = OwnedDescriptor(try create(partial))
    do throws(Errno) {
      let answer = try write(file.file)
      try rename(partial, to: name, in: target ?? self)
      return answer
    } catch {
      if !keepsPart { remove(partial) }
      throw error
    }
  }
}
