internal import CTraceFS
#if canImport(Glibc)
  internal import Glibc
#endif
internal import Synchronization
internal import SystemPackage

/// The system calls that swift-system does not offer, each as thin as it can be; with TraceFSLibrary.swift, Capture's only unsafe code.
enum SystemCalls {
  private static var lastError: Errno { Errno(rawValue: errno) }

  static var isRoot: Bool { geteuid() == 0 }
  static var processID: Int32 { getpid() }

  // MARK: files

  /// Reads up to `count` bytes into the start of `buffer`, which has room for them; 0 at the end.
  static func read(_ file: FileDescriptor, into buffer: inout [UInt8]) throws(Errno) -> Int {
    while true {
      let got = unsafe buffer.withUnsafeMutableBytes { unsafe Glibc.read(file.rawValue, $0.baseAddress, $0.count) }
      if got >= 0 { return got }
      if lastError != .interrupted { throw lastError }
    }
  }

  /// The content of a file whose size is not known before, as those of procfs and tracefs.
  static func contents(of path: String) throws(Errno) -> [UInt8] {
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw lastError }
    defer { Glibc.close(file) }
    var content: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let got = try read(FileDescriptor(rawValue: file), into: &buffer)
      if got == 0 { return content }
      content.append(contentsOf: buffer[..<got])
    }
  }

  /// The names in a directory but `.` and `..`, sorted.
  static func names(in path: String) throws(Errno) -> [String] {
    guard let directory = unsafe opendir(path) else { throw lastError }
    defer { unsafe closedir(directory) }
    var names: [String] = []
    while let entry = unsafe readdir(directory) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Whether there is something at `path`, whether it is a plain file, and its bytes.
  static func kind(of path: String) -> (exists: Bool, isRegular: Bool, size: Int) {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return (false, false, 0) }
    return (true, status.st_mode & S_IFMT == S_IFREG, Int(status.st_size))
  }

  /// The path with links followed.
  static func resolved(_ path: String) -> String? {
    guard let resolved = unsafe realpath(path, nil) else { return nil }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
  }

  /// Why `path` may not be written; nil if it may.
  static func mayWrite(_ path: String) -> Errno? { unsafe access(path, W_OK) == 0 ? nil : lastError }

  /// A new file in `directory` without a name, which is gone when it is closed, however this process ends.
  static func unnamedFile(in directory: String) throws(Errno) -> FileDescriptor {
    let file = unsafe open(directory, temporary | O_RDWR | O_CLOEXEC, 0o600)
    if file >= 0 { return FileDescriptor(rawValue: file) }
    guard [.notSupported, .isDirectory, .invalidArgument].contains(lastError) else { throw lastError }
    var template = Array("\(directory)/.wakepath-XXXXXX".utf8CString)
    let named = unsafe mkstemp(&template)
    guard named >= 0 else { throw lastError }
    unsafe unlink(template)
    _ = fcntl(named, F_SETFD, FD_CLOEXEC)
    return FileDescriptor(rawValue: named)
  }

  /// `O_TMPFILE`, which Swift does not see.
  private static let temporary: Int32 = 0o20_000_000 | O_DIRECTORY

  static func rename(_ from: String, to: String) throws(Errno) {
    guard unsafe Glibc.rename(from, to) == 0 else { throw lastError }
  }

  static func remove(_ path: String) { _ = unsafe unlink(path) }

  static func makeDirectory(_ path: String) throws(Errno) {
    guard unsafe mkdir(path, 0o700) == 0 else { throw lastError }
  }

  static func removeDirectory(_ path: String) throws(Errno) {
    guard unsafe rmdir(path) == 0 else { throw lastError }
  }

  static func unmount(_ path: String) { _ = unsafe umount2(path, 0) }

  /// Gives the disk back what `range` of `file` takes, where the file system can; the file keeps its length.
  static func freeSpace(of file: FileDescriptor, in range: Range<Int>) {
    // FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE (linux/falloc.h)
    _ = wakepath_fallocate(file.rawValue, 0x01 | 0x02, range.lowerBound, range.count)
  }

  /// `count` bytes of `file` at `offset`.
  static func read(_ file: FileDescriptor, at offset: Int, count: Int) throws(Errno) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let got = unsafe bytes.withUnsafeMutableBytes { unsafe pread(file.rawValue, $0.baseAddress, count, off_t(offset)) }
    if got != count { throw got < 0 ? lastError : .ioError }
    return bytes
  }

  /// Puts `bytes` into `file` at `offset`.
  static func put(_ bytes: [UInt8], into file: FileDescriptor, at offset: Int) throws(Errno) {
    let put = unsafe bytes.withUnsafeBytes { unsafe pwrite(file.rawValue, $0.baseAddress, $0.count, off_t(offset)) }
    if put != bytes.count { throw put < 0 ? lastError : .ioError }
  }

  /// Appends `range` of `source` to `target`, without taking it through this process where that can be.
  static func copy(_ source: FileDescriptor, _ range: Range<Int>, to target: FileDescriptor) throws(Errno) {
    var offset = off_t(range.lowerBound)
    while offset < range.upperBound {
      let sent = unsafe sendfile(target.rawValue, source.rawValue, &offset, range.upperBound - Int(offset))
      if sent > 0 { continue }
      if sent == 0 { throw .ioError }
      if lastError == .invalidArgument || lastError == .noFunction {
        guard lseek(source.rawValue, offset, SEEK_SET) >= 0 else { throw lastError }
        return try copyByHand(source, count: range.upperBound - Int(offset), to: target)
      }
      if lastError != .interrupted { throw lastError }
    }
  }

  /// Takes `count` bytes out of `pipe`, which holds them, and appends them to `file`.
  static func drain(_ pipe: FileDescriptor, count: Int, to file: FileDescriptor) throws(Errno) {
    var left = count
    while left > 0 {
      do throws(Errno) {
        left -= try splice(pipe, to: file, count: left, waiting: true)
      } catch {
        // Some file systems take no pages.
        guard error == .invalidArgument || error == .noFunction else { throw error }
        return try copyByHand(pipe, count: left, to: file)
      }
    }
  }

  private static func copyByHand(_ source: FileDescriptor, count: Int, to target: FileDescriptor) throws(Errno) {
    var left = count
    while left > 0 {
      var buffer = [UInt8](repeating: 0, count: min(left, 1 << 16))
      let got = try read(source, into: &buffer)
      if got == 0 { throw .ioError }
      do {
        try target.writeAll(buffer[..<got])
      } catch {
        throw error as? Errno ?? .ioError
      }
      left -= got
    }
  }

  // MARK: pipes

  /// A pipe that commands do not inherit.
  static func pipe(nonBlocking: Bool = false) throws(Errno) -> (readEnd: FileDescriptor, writeEnd: FileDescriptor) {
    var ends: [Int32] = [-1, -1]
    guard unsafe Glibc.pipe(&ends) == 0 else { throw lastError }
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      if nonBlocking { _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK) }
    }
    return (FileDescriptor(rawValue: ends[0]), FileDescriptor(rawValue: ends[1]))
  }

  /// Lets a pipe hold up to `bytes`, or what the kernel allows.
  static func enlarge(_ pipe: FileDescriptor, to bytes: Int32) {
    let setPipeSize: Int32 = 1031
    _ = fcntl(pipe.rawValue, setPipeSize, bytes)
  }

  /// Moves up to `count` bytes between a file and a pipe: splice(2). With `waiting` false it answers 0 if there is nothing to move.
  static func splice(_ from: FileDescriptor, to: FileDescriptor, count: Int, waiting: Bool) throws(Errno) -> Int {
    while true {
      let moved = wakepath_splice(from.rawValue, to.rawValue, UInt(count), waiting ? 1 : 3)
      if moved >= 0 { return moved }
      if !waiting, lastError == .resourceTemporarilyUnavailable { return 0 }
      if lastError != .interrupted { throw lastError }
    }
  }

  /// Waits until one of `files` can be read or is at its end, `timeout` milliseconds at most (negative: forever); says which.
  static func wait(for files: [FileDescriptor], timeout: Int32) -> [Bool] {
    var requests = files.map { pollfd(fd: $0.rawValue, events: Int16(POLLIN), revents: 0) }
    guard unsafe poll(&requests, nfds_t(requests.count), timeout) > 0 else { return files.map { _ in false } }
    return requests.map { $0.revents != 0 }
  }

  static func close(_ file: FileDescriptor) { Glibc.close(file.rawValue) }

  /// The first two numbers of the running kernel's release; zeros where it does not say.
  static var kernelVersion: (Int, Int) {
    let release = String(decoding: (try? contents(of: "/proc/sys/kernel/osrelease")) ?? [], as: UTF8.self)
    let numbers = release.split { !$0.isNumber }.prefix(2).map { Int($0) ?? 0 }
    return numbers.count == 2 ? (numbers[0], numbers[1]) : (0, 0)
  }

  /// `CLOCK_MONOTONIC`, in nanoseconds.
  static var monotonicTime: UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  // MARK: limits

  /// How many files this process may have open, its own choice up to what it is allowed (getrlimit(2)).
  static var openFiles: (chosen: UInt, allowed: UInt) {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return (0, 0) }
    return (UInt(limit.rlim_cur), UInt(limit.rlim_max))
  }

  /// Chooses `count` for it; what may not be stays as it is.
  static func setOpenFiles(_ count: UInt) {
    var limit = rlimit(rlim_cur: rlim_t(count), rlim_max: rlim_t(openFiles.allowed))
    unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }

  /// Whether this process sees `CLOCK_MONOTONIC` as the kernel counts it: time_namespaces(7) can move it.
  static var seesKernelTime: Bool {
    let offsets = String(decoding: (try? contents(of: "/proc/self/timens_offsets")) ?? [], as: UTF8.self)
    return offsets.split(separator: "\n").filter { $0.hasPrefix("monotonic") || $0.hasPrefix("1 ") }
      .allSatisfy { $0.split(whereSeparator: \.isWhitespace).dropFirst().allSatisfy { $0 == "0" } }
  }

  // MARK: signals

  /// Where the signal handler writes the numbers of the signals that come.
  private static let signalPipe = Atomic<Int32>(-1)

  /// The handlers that were there before.
  struct Handlers {
    fileprivate var old: [(signal: Int32, action: sigaction)] = []

    func restore() {
      for (signal, action) in old {
        var action = action
        unsafe sigaction(signal, &action, nil)
      }
    }
  }

  /// From now on writes each of `signals` that comes, as one byte, to `pipe`.
  static func catchSignals(_ signals: [Int32], to pipe: FileDescriptor) -> Handlers {
    signalPipe.store(pipe.rawValue, ordering: .sequentiallyConsistent)
    var handlers = Handlers()
    for signal in signals {
      var old = sigaction()
      unsafe sigaction(signal, nil, &old)
      // `nohup` has the hang-up ignored, and means it.
      if signal == SIGHUP, unsafe unsafeBitCast(old.__sigaction_handler.sa_handler, to: Int.self) == ignored { continue }
      var action = sigaction()
      unsafe action.__sigaction_handler.sa_handler = { number in
        let saved = errno
        var byte = UInt8(truncatingIfNeeded: number)
        _ = unsafe write(SystemCalls.signalPipe.load(ordering: .sequentiallyConsistent), &byte, 1)
        errno = saved
      }
      action.sa_flags = SA_RESTART
      unsafe sigaction(signal, &action, nil)
      handlers.old.append((signal, old))
      // Whoever started us may have had it blocked, as the workers of libdispatch have.
      var mask = sigset_t()
      unsafe sigemptyset(&mask)
      unsafe sigaddset(&mask, signal)
      unsafe pthread_sigmask(SIG_UNBLOCK, &mask, nil)
    }
    return handlers
  }

  /// `SIG_IGN`, a pointer of this value.
  private static let ignored = 1

  // MARK: threads and processes

  /// A running thread, to be joined once.
  struct Thread: Sendable {
    fileprivate let handle: pthread_t

    func join() { pthread_join(handle, nil) }
  }

  private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// Runs `body` on a thread of its own: it may block, which tasks must not.
  static func startThread(_ body: @escaping @Sendable () -> Void) throws(Errno) -> Thread {
    let argument = unsafe Unmanaged.passRetained(ThreadBody(body))
    var handle = pthread_t()
    let error = unsafe pthread_create(
      &handle, nil,
      { argument in
        if let argument = unsafe argument { unsafe Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run() }
        return nil
      }, argument.toOpaque())
    guard error == 0 else {
      unsafe argument.release()
      throw Errno(rawValue: error)
    }
    return Thread(handle: handle)
  }

  /// Starts a program found in PATH with this process's files, directory and environment, and with signals as a shell gives them:
  /// threads that run tasks have them all blocked.
  static func spawn(_ command: [String]) throws(Errno) -> Int32 {
    var arguments: [UnsafeMutablePointer<CChar>?] = unsafe command.map { unsafe strdup($0) }
    unsafe arguments.append(nil)
    defer { unsafe arguments.forEach { unsafe free($0) } }
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    unsafe sigemptyset(&none)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    var child: pid_t = 0
    let error = unsafe posix_spawnp(&child, command[0], nil, &attributes, arguments, wakepath_environment())
    guard error == 0 else { throw Errno(rawValue: error) }
    return child
  }

  /// Whether `spawn` finds `program`.
  static func finds(_ program: String) -> Bool {
    guard !program.contains("/") else { return kind(of: program).exists }
    let path = unsafe getenv("PATH").map { unsafe String(cString: $0) } ?? "/bin:/usr/bin"
    return path.split(separator: ":").contains { kind(of: "\($0)/\(program)").exists }
  }

  /// Waits until child `pid` has ended, but leaves its status to `reap`.
  static func waitForEnd(of pid: Int32) {
    var info = unsafe siginfo_t()
    while unsafe waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) != 0, lastError == .interrupted {}
  }

  /// The status of the ended child `pid`, as wait(2) says it.
  static func reap(_ pid: Int32) -> Int32 {
    var status: Int32 = 0
    while unsafe waitpid(pid, &status, 0) < 0, lastError == .interrupted {}
    return status
  }

  static func terminate(_ pid: Int32) { kill(pid, terminationSignal) }

  /// The signal that asks a process to end.
  static var terminationSignal: Int32 { SIGTERM }

  static func sleep(milliseconds: UInt32) { usleep(milliseconds * 1000) }
}
