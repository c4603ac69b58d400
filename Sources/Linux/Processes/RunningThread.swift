internal import CLinux
#if canImport(Glibc)
  internal import Glibc
#endif
public import SystemPackage

/// A thread of its own: it may block, which tasks must not.
public struct RunningThread: Sendable {
  private let handle: pthread_t

  /// Runs `body` on a new thread, called `name` (15 bytes at most) where one is given. It is joined once, or let go once.
  public init(_ name: String? = nil, _ body: @escaping @Sendable () -> Void) throws(Errno) {
    let argument = unsafe Unmanaged.passRetained(Body(name, body))
    var handle = pthread_t()
    let error = unsafe pthread_create(
      &handle, nil,
      { argument in
        if let argument = unsafe argument { unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().start() }
        return nil
      }, argument.toOpaque())
    guard error == 0 else {
      unsafe argument.release()
      throw Errno(rawValue: error)
    }
    self.handle = handle
  }

  /// Waits for its end.
  public func join() { pthread_join(handle, nil) }

  /// Says that nobody will wait for it.
  public func letGo() { pthread_detach(handle) }

  /// The kernel's number of the calling thread, in its own pid namespace.
  public static var currentID: Int32 { wakepath_gettid() }

  private final class Body: Sendable {
    private let name: String?
    private let run: @Sendable () -> Void

    init(_ name: String?, _ run: @escaping @Sendable () -> Void) { (self.name, self.run) = (name, run) }

    func start() {
      if let name { unsafe wakepath_name_thread(name) }
      run()
    }
  }
}
