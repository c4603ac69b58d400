internal import CLinux
#if canImport(Glibc)
  internal import Glibc
#endif
internal import Synchronization
public import SystemPackage

/// Network devices by name.
public enum NetworkDevice {
  /// The number of the one called `name` in the calling thread's network namespace.
  public static func index(of name: String) throws(Errno) -> Int32 {
    let index = unsafe if_nametoindex(name)
    guard index > 0 else { throw Errno.last }
    return Int32(bitPattern: index)
  }

  /// The names of those in every network namespace that this process can find: its own, those of other processes, and those that `ip netns` named.
  /// Sorted, each once.
  public static var everywhere: [String] {
    var names = Set(list("/proc/self/net/dev"))
    var seen: Set<String> = []
    for process in (try? Files.names(in: "/proc")) ?? [] where Int(process) != nil {
      guard let space = Files.linkTarget("/proc/\(process)/ns/net"), seen.insert(space).inserted else { continue }
      names.formUnion(list("/proc/\(process)/net/dev"))
    }
    for space in (try? Files.names(in: "/run/netns")) ?? [] { names.formUnion(inside("/run/netns/\(space)")) }
    return names.sorted()
  }

  /// The names in the namespace that the file at `path` stands for: a thread goes there to look.
  private static func inside(_ path: String) -> [String] {
    let found = Mutex<[String]>([])
    let looker = try? RunningThread {
      guard let space = try? Files.open(path) else { return }
      let owned = OwnedDescriptor(space)
      guard (try? NetworkNamespace.enter(owned.file)) != nil else { return }
      let names = list("/proc/thread-self/net/dev")
      found.withLock { $0 = names }
    }
    looker?.join()
    return found.withLock { $0 }
  }

  /// The names in a file `net/dev`, whose first two lines are heads.
  private static func list(_ path: String) -> [String] {
    ((try? Files.text(of: path)) ?? "").split(separator: "\n").dropFirst(2).compactMap { line in
      line.split(separator: ":", maxSplits: 1).first.map { String($0.drop { $0 == " " }) }
    }
  }
}
