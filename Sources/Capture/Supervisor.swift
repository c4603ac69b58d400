internal import Linux
internal import SystemPackage

/// What the recorder has done to the kernel and must be undone, should it not come to do so itself.
public enum Undoing: Equatable, Sendable {
  /// Turn off and remove the tracing instance at this path.
  case instance(String)
  /// Remove the probe of this group and name, in the tracing directory at `tracing`.
  case probe(tracing: String, name: String)
  /// Unmount the tracing directory at this path, unless another recorder uses it.
  case mount(String)
  /// Remove the directory of temporary files at this path, which only root can write in.
  case folder(String)
  /// Nothing to undo, but to say: here lies what was recorded.
  case pages(String)

  /// One line of the log: kind and values, separated by tabs.
  var line: String {
    switch self {
    case .instance(let path): "instance\t\(path)"
    case .probe(let tracing, let name): "probe\t\(tracing)\t\(name)"
    case .mount(let path): "mount\t\(path)"
    case .folder(let path): "folder\t\(path)"
    case .pages(let path): "pages\t\(path)"
    }
  }

  /// Reads it; nil if it is none.
  init?(line: Substring) {
    let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    switch (fields.first, fields.count) {
    case ("instance", 2): self = .instance(fields[1])
    case ("probe", 3): self = .probe(tracing: fields[1], name: fields[2])
    case ("mount", 2): self = .mount(fields[1])
    case ("folder", 2): self = .folder(fields[1])
    case ("pages", 2): self = .pages(fields[1])
    default: return nil
    }
  }
}

/// A second process that outlives the recorder: it reads from a pipe what is to be undone, and when the pipe ends without a word, because the recorder
/// was killed or fell, undoes it. The kernel closes the pipe in every case, so that no end of the recorder is one too many.
public final class Supervisor: Sendable {
  private let pipe: SharedDescriptor?
  private let process: ChildProcess?

  /// Starts it as `command`, which must do `Supervision.run`; without one there is none.
  public init(_ command: [String]) throws(CaptureError) {
    guard !command.isEmpty else {
      pipe = nil
      process = nil
      return
    }
    let child: ChildProcess
    let log: Pipe
    do throws(Errno) {
      log = try Pipe()
      var setting = ChildProcess.Setting()
      setting.input = log.readEnd
      child = try ChildProcess(command, setting)
    } catch {
      throw CaptureError("no process can be started that gives tracing back should this one be killed", error)
    }
    try? log.readEnd.close()
    pipe = SharedDescriptor(log.writeEnd)
    process = child
  }

  /// Says that `step` was made and has to be undone. Something with a line end in its name cannot be said.
  public func add(_ step: Undoing) { write("+", step.line) }

  /// Says that `step` is undone.
  public func settle(_ step: Undoing) { write("-", step.line) }

  private func write(_ mark: String, _ line: String) {
    guard let pipe = pipe?.file, !line.contains("\n") else { return }
    try? pipe.put(Array("\(mark)\(line)\n".utf8))
  }

  /// Says that all is well, or said, and waits until it has ended.
  public func finish() {
    guard let pipe = pipe?.file else { return }
    try? pipe.put(Array(".\n".utf8))
    self.pipe?.close()
    _ = process?.reap()
  }
}
