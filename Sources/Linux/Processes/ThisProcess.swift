internal import CLinux
#if canImport(Glibc)
  internal import Glibc
#endif
public import SystemPackage

/// The process that asks.
public enum ThisProcess {
  /// Its number, in its own pid namespace.
  public static var id: Int32 { getpid() }

  /// The number of the user it acts for.
  public static var user: UInt32 { geteuid() }

  /// Whether it acts for root.
  public static var isRoot: Bool { user == 0 }

  /// The value of variable `name` of its environment; nil if there is none.
  public static func variable(_ name: String) -> String? { unsafe getenv(name).map { unsafe String(cString: $0) } }

  /// The environment that it was given, `NAME=VALUE` each.
  public static var environment: [String] { given }

  private static let given: [String] = {
    var all: [String] = []
    guard var next = unsafe wakepath_environment() else { return all }
    while let entry = unsafe next.pointee {
      all.append(unsafe String(cString: entry))
      unsafe next += 1
    }
    return all
  }()

  /// As root, no longer knows what libraries take directories of code from (libtraceevent's plugins: TRACEEVENT_PLUGIN_DIR, and below HOME). Commands
  /// that it starts get what it was given. To be called before there are threads.
  public static func forgetUserDirectories() {
    _ = given
    guard isRoot else { return }
    for name in ["TRACEEVENT_PLUGIN_DIR", "HOME"] { unsafe unsetenv(name) }
  }

  /// Has the kernel end it after `seconds`, or when the thread that started it ends, whatever it is doing then.
  public static func endAfter(seconds: UInt32) {
    wakepath_die_with_parent()
    alarm(seconds)
  }

  /// Leaves its session and its group, so that what is sent to those does not come to it, and has the kernel end others first where memory is short.
  public static func standAside() {
    setsid()
    try? Files.write("-1000", to: "/proc/self/oom_score_adj")
  }

  /// How many files it may have open, its own choice up to what it is allowed (getrlimit(2)).
  public static var openFiles: (chosen: UInt, allowed: UInt) {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return (0, 0) }
    return (UInt(limit.rlim_cur), UInt(limit.rlim_max))
  }

  /// Chooses `count` for it.
  public static func setOpenFiles(_ count: UInt) throws(Errno) {
    var limit = rlimit(rlim_cur: rlim_t(count), rlim_max: rlim_t(openFiles.allowed))
    try Errno.check(unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit))
  }

  /// Where its temporary files go: TMPDIR if that is a path, else `usual`. For root only where nobody else can move what is in it: a directory of
  /// root's that others may not write, or not take other people's files from (sticky).
  public static func temporaryDirectory(otherwise usual: String = "/tmp") -> String {
    guard let named = variable("TMPDIR"), named.hasPrefix("/") else { return usual }
    guard isRoot else { return named }
    guard let status = FileStatus(of: named), status.kind == .directory, status.owner == 0 else { return usual }
    return status.mode & 0o022 == 0 || status.mode & 0o1000 != 0 ? named : usual
  }
}
