internal import Synchronization
public import SystemPackage

/// A descriptor with one owner, closed with it.
public struct OwnedDescriptor: ~Copyable, Sendable {
  /// For calls; whoever keeps it must keep the owner, too.
  public let file: FileDescriptor

  /// Takes over `file`, which nobody else closes.
  public init(_ file: FileDescriptor) { self.file = file }

  deinit { try? file.close() }
}

/// A descriptor that several threads use: closed when one of them says so, or with the last use of it. One thread closes what another sleeps in,
/// which a value with one owner could not say.
public final class SharedDescriptor: Sendable, Equatable {
  /// For calls.
  public let file: FileDescriptor
  private let isClosed = Atomic(false)

  /// Takes over `file`, which nobody else closes.
  public init(_ file: FileDescriptor) { self.file = file }

  /// The number that the kernel knows it by.
  public var number: Int32 { file.rawValue }

  /// Closes it, the first time that it is called.
  public func close() {
    if !isClosed.exchange(true, ordering: .sequentiallyConsistent) { try? file.close() }
  }

  deinit { close() }

  /// Whether both are the same owner.
  public static func == (one: SharedDescriptor, other: SharedDescriptor) -> Bool { one === other }
}
