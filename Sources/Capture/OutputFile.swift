internal import SystemPackage

/// Where the recording goes. The file appears there when it is complete; an older one stays until then.
struct OutputFile {
  /// As the user named it.
  let name: String
  /// Where it is, links followed.
  let path: String
  /// The directory it is in.
  let directory: String

  /// Checks before anything is recorded that a file can be made at `name`.
  init(_ name: String) throws(CaptureError) {
    self.name = name
    guard !name.isEmpty, name != "-" else { throw CaptureError("a recording needs a file: give one with -o") }
    let kind = SystemCalls.kind(of: name)
    guard !kind.exists || kind.isRegular else { throw CaptureError("\(name) is not a plain file: give another one with -o") }
    path = kind.exists ? SystemCalls.resolved(name) ?? name : name
    let parent = FilePath(path).removingLastComponent().string
    directory = parent.isEmpty ? "." : parent
    if let error = SystemCalls.mayWrite(directory) { throw CaptureError("\(name) cannot be written in \(directory)", error) }
  }

  /// Where it is written before it is complete.
  var partialPath: String { "\(path).\(SystemCalls.processID).part" }
}
