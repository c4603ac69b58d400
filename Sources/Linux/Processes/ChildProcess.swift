internal import CLinux
#if canImport(Glibc)
  internal import Glibc
#endif
public import SystemPackage

/// A program that this process starts, and waits for once.
///
/// swift-subprocess does most of this, but not what a recorder needs: that a child's status stays unread until it is taken, so that no signal goes to
/// a later process of the same number; a signal at the starter's death; and a caller that is a thread and no task, because signals come to it.
public struct ChildProcess: Sendable {
  /// Its number.
  public let id: Int32

  /// What else to start it with; without more, with this process's files, directory, user and environment, and with signals as a shell gives them:
  /// threads that run tasks have them all blocked.
  public struct Setting {
    public var environment: [String]?
    public var user: User?
    public var input: FileDescriptor?
    public var output: FileDescriptor?
    public var directory: FileDescriptor?
    /// Has it asked to end (SIGTERM) when the thread that starts it ends.
    public var endsWithStarter = false

    public init() {}
  }

  /// Starts `command`, a program found in PATH and its arguments. What cannot be run is an error, also where only the new process finds out.
  public init(_ command: [String], _ setting: Setting = Setting()) throws(Errno) {
    let path = try Program.find(command[0])
    do throws(Errno) {
      id = try Self.start(path, command, setting)
    } catch {
      // A script without `#!`, as a shell takes it.
      guard error.rawValue == ENOEXEC else { throw error }
      id = try Self.start("/bin/sh", ["sh", path] + command.dropFirst(), setting)
    }
  }

  private static func start(_ path: String, _ command: [String], _ setting: Setting) throws(Errno) -> Int32 {
    let environment = setting.environment ?? setting.user?.adapting(ThisProcess.environment) ?? ThisProcess.environment
    let groups = setting.user?.groups ?? []
    let result = unsafe withStrings(command) { arguments in
      unsafe withStrings(environment) { variables in
        unsafe groups.withUnsafeBufferPointer { groups in
          unsafe path.withCString { path in
            var start = unsafe wakepath_start()
            unsafe start.path = path
            unsafe start.arguments = arguments
            unsafe start.environment = variables
            unsafe start.input = setting.input?.rawValue ?? -1
            unsafe start.output = setting.output?.rawValue ?? -1
            unsafe start.directory = setting.directory?.rawValue ?? -1
            unsafe start.death_signal = setting.endsWithStarter ? SIGTERM : 0
            unsafe start.is_other_user = setting.user == nil ? 0 : 1
            unsafe start.user = setting.user?.id ?? 0
            unsafe start.group = setting.user?.group ?? 0
            unsafe start.groups = groups.baseAddress
            unsafe start.group_count = UInt(groups.count)
            return unsafe wakepath_spawn(&start)
          }
        }
      }
    }
    guard result > 0 else { throw Errno(rawValue: -result) }
    return result
  }

  /// Shows `body` the array of C strings that ends with a null, as execve(2) takes it.
  private static func withStrings<R>(_ texts: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>?) -> R) -> R {
    let strings = unsafe texts.map { unsafe strdup($0) } + [nil]
    defer { unsafe strings.forEach { unsafe free($0) } }
    return unsafe strings.withUnsafeBufferPointer { unsafe body($0.baseAddress) }
  }

  /// Waits until it has ended, but leaves its status to `reap`.
  public func waitForEnd() {
    var info = unsafe siginfo_t()
    while unsafe waitid(P_PID, id_t(id), &info, WEXITED | WNOWAIT) != 0, Errno.last == .interrupted {}
  }

  /// How it ended; waits for that. Its number may be another's afterwards.
  public func reap() -> Ending {
    var status: Int32 = 0
    while unsafe waitpid(id, &status, 0) < 0, Errno.last == .interrupted {}
    return Ending(status: status)
  }

  /// Asks it to end; only before `reap`.
  public func terminate() { kill(id, Self.terminationSignal) }

  /// The signal that asks a process to end.
  public static var terminationSignal: Int32 { SIGTERM }

  /// How a process ended.
  public enum Ending: Sendable, Equatable {
    case exited(Int32)
    /// By this signal.
    case killed(Int32)

    /// `status` as wait(2) says it.
    init(status: Int32) {
      let signal = status & 0x7f
      self = signal == 0 ? .exited((status >> 8) & 0xff) : .killed(signal)
    }
  }
}

/// Programs by name.
public enum Program {
  /// The directories that no user writes into.
  public static let systemPath = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"]

  /// Whether `name` can be run.
  public static func exists(_ name: String, in directories: [String]? = nil) -> Bool {
    guard let path = try? find(name, in: directories) else { return false }
    return Files.mayExecute(path)
  }

  /// Where execvp(3) finds `name`: by PATH, or in `directories`; a name with a slash is a path. `permissionDenied` if only what may not be run is
  /// there.
  public static func find(_ name: String, in directories: [String]? = nil) throws(Errno) -> String {
    if name.contains("/") { return name }
    let path =
      directories ?? (ThisProcess.variable("PATH") ?? "/bin:/usr/bin").split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    var isThere = false
    for directory in path where !name.isEmpty {
      let candidate = directory.isEmpty ? "./\(name)" : "\(directory)/\(name)"
      if Files.mayExecute(candidate) { return candidate }
      isThere = isThere || FileStatus(of: candidate)?.kind == .regular
    }
    throw isThere ? .permissionDenied : .noSuchFileOrDirectory
  }
}
