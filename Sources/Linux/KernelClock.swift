#if canImport(Glibc)
  internal import Glibc
#endif

/// The clock that recordings have, as this process sees it.
public enum KernelClock {
  /// `CLOCK_MONOTONIC`, in nanoseconds.
  public static var now: UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  /// Whether this process sees it as the kernel counts it: time_namespaces(7) can move it.
  public static var isUnmoved: Bool {
    let offsets = (try? Files.text(of: "/proc/self/timens_offsets")) ?? ""
    return offsets.split(separator: "\n").filter { $0.hasPrefix("monotonic") || $0.hasPrefix("1 ") }
      .allSatisfy { $0.split(whereSeparator: \.isWhitespace).dropFirst().allSatisfy { $0 == "0" } }
  }

  /// Sleeps for as long, or until a signal.
  public static func sleep(milliseconds: UInt32) { usleep(milliseconds * 1000) }
}

/// The running kernel.
public enum Kernel {
  /// Its release, as `uname -r` prints it; empty where it does not say.
  public static var release: String { String(((try? Files.text(of: "/proc/sys/kernel/osrelease")) ?? "").prefix { $0 != "\n" }) }

  /// The first two numbers of its release; zeros where it does not say.
  public static var version: (Int, Int) {
    let numbers = release.split { !$0.isNumber }.prefix(2).map { Int($0) ?? 0 }
    return numbers.count == 2 ? (numbers[0], numbers[1]) : (0, 0)
  }
}
