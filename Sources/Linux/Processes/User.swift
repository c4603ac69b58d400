internal import CLinux
#if canImport(Glibc)
  internal import Glibc
#endif

/// A user of this machine, with what a process of theirs gets.
public struct User: Sendable, Equatable {
  public let id: UInt32
  public let group: UInt32
  /// All groups they are in.
  public let groups: [UInt32]
  public let name: String
  public let home: String
  public let shell: String

  /// The user with this number, as getpwuid(3) knows them; nil if nobody does.
  public init?(id: UInt32) {
    var entry = unsafe passwd()
    var room = [CChar](repeating: 0, count: 1 << 16)
    var found: UnsafeMutablePointer<passwd>?
    guard unsafe getpwuid_r(id, &entry, &room, room.count, &found) == 0, unsafe found != nil else { return nil }
    self.id = id
    group = unsafe entry.pw_gid
    name = unsafe String(cString: entry.pw_name)
    home = unsafe String(cString: entry.pw_dir)
    shell = unsafe String(cString: entry.pw_shell)
    groups = Self.groups(of: name, and: group)
  }

  /// A user whom this machine has no entry for.
  public init(id: UInt32, group: UInt32) {
    (self.id, self.group, groups) = (id, group, [group])
    (name, home, shell) = ("\(id)", "/", "/bin/sh")
  }

  /// As initgroups(3) finds them.
  private static func groups(of name: String, and group: UInt32) -> [UInt32] {
    var count: Int32 = 256
    while true {
      var groups = [UInt32](repeating: 0, count: Int(count))
      let room = count
      if unsafe getgrouplist(name, group, &groups, &count) >= 0 { return Array(groups.prefix(Int(count))) }
      guard count > room else { return [group] }
    }
  }

  /// Who called sudo; nil if this process is not root's, or root called it, or nobody did.
  public static var whoCalledSudo: User? {
    guard ThisProcess.isRoot, let id = ThisProcess.variable("SUDO_UID").flatMap({ UInt32($0) }), id != 0 else { return nil }
    let group = ThisProcess.variable("SUDO_GID").flatMap { UInt32($0) }
    return User(id: id) ?? User(id: id, group: group ?? id)
  }

  /// `environment` as a login of theirs has it: sudo has put root's names into it.
  public func adapting(_ environment: [String]) -> [String] {
    let own = ["HOME=\(home)", "USER=\(name)", "LOGNAME=\(name)", "SHELL=\(shell)"]
    let replaced = ["HOME=", "USER=", "LOGNAME=", "SHELL=", "MAIL=", "SUDO_COMMAND=", "SUDO_USER=", "SUDO_UID=", "SUDO_GID="]
    return environment.filter { entry in !replaced.contains { entry.hasPrefix($0) } } + own
  }
}
