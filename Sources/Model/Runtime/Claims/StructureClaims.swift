public import Layouts

/// The claims about the kernel's structures (S1, S11, S13, S14), decided by the kernel's own description of its types.
public struct StructureClaims {
  private let types: BTF
  private let model: ReferenceModel

  /// Claims of `model` about the kernel whose types these are.
  public init(_ types: BTF, _ model: ReferenceModel = .linux) {
    self.types = types
    self.model = model
  }

  /// The results, in the order of the claims. A structure that this kernel does not describe leaves its claim unobserved.
  public func decide() throws(LayoutError) -> [ClaimResult] {
    var results: [ClaimResult] = []
    for claim in model.claims where claim.methods.contains(.structure) {
      guard let evaluate = ClaimRegistry.structure[claim.id] else { continue }
      results.append(result(claim, try evaluate(self)))
    }
    return results
  }

  /// One member of a structure that speaks for or against a claim.
  struct Case {
    var isFor: Bool
    /// Where the member lies and what it is.
    var says: String
  }

  private func result(_ claim: Claim, _ cases: [Case?]) -> ClaimResult {
    let seen = cases.compactMap { $0 }
    guard !seen.isEmpty else { return .unobserved(claim, by: .structure, because: "the kernel's types do not describe these structures") }
    return ClaimResult(
      claim, by: .structure, for: seen.count { $0.isFor }, against: seen.count { !$0.isFor },
      detail: seen.map(\.says).joined(separator: "; "))
  }

  // MARK: the claims

  /// S1: a sender's data wait in the socket's queue.
  func sending() throws(LayoutError) -> [Case?] {
    [
      try member("sk_write_queue", of: "sock", is: "struct sk_buff_head"),
      try kept("tcp_rtx_queue", of: "sock", "what waits for its ACK is kept beside it")
    ]
  }

  /// S11: a file leads to an inode or to a socket. `struct socket_alloc` holds a socket and its inode in one piece.
  func files() throws(LayoutError) -> [Case?] {
    [
      try member("f_inode", of: "file", is: "struct inode *"), try member("private_data", of: "file", is: "void *"),
      try member("file", of: "socket", is: "struct file *"), try both()
    ]
  }

  private func both() throws(LayoutError) -> Case? {
    guard let inode = try types.member("vfs_inode", of: "socket_alloc"), let socket = try types.member("socket", of: "socket_alloc"),
      try types.spelling(inode.type) == "struct inode", try types.spelling(socket.type) == "struct socket"
    else { return nil }
    return Case(
      isFor: false,
      says: "socket_alloc holds a struct socket at byte \(socket.offset) and a struct inode at byte \(inode.offset), so a socket's file leads to both"
    )
  }

  /// S13: the socket holds the sock, and the sock its queues.
  func sockets() throws(LayoutError) -> [Case?] {
    [
      try containment(), try member("sk_receive_queue", of: "sock", is: "struct sk_buff_head"),
      try member("sk_write_queue", of: "sock", is: "struct sk_buff_head"), try tree("tcp_rtx_queue", of: "sock"),
      try tree("out_of_order_queue", of: "tcp_sock")
    ]
  }

  /// "Holds" is true of a member, not of a pointer.
  private func containment() throws(LayoutError) -> Case? {
    guard let place = try types.member("sk", of: "socket") else { return nil }
    let spelling = try types.spelling(place.type)
    return Case(
      isFor: spelling == "struct sock", says: "socket.sk at byte \(place.offset) is \(spelling)\(spelling.hasSuffix("*") ? ", a pointer" : "")")
  }

  /// S14: an sk_buff has data, a length and a next.
  func packets() throws(LayoutError) -> [Case?] {
    guard try types.structure("sk_buff") != nil else { return [] }
    return [
      try member("data", of: "sk_buff", is: "unsigned char *", isRequired: true),
      try member("len", of: "sk_buff", is: "unsigned int", isRequired: true),
      try member("next", of: "sk_buff", is: "struct sk_buff *", isRequired: true)
    ]
  }

  // MARK: members

  /// A case for the claim where the member is of type `expected`, else against it. A member that is not there is no case, or, where it is
  /// required, one against.
  private func member(_ name: String, of structure: String, is expected: String, isRequired: Bool = false) throws(LayoutError) -> Case? {
    guard let place = try types.member(name, of: structure) else {
      return isRequired ? Case(isFor: false, says: "\(structure) has no member \(name)") : nil
    }
    let spelling = try types.spelling(place.type)
    return Case(isFor: spelling == expected, says: "\(structure).\(name) at byte \(place.offset) is \(spelling)")
  }

  /// A member whose being there bears the claim out, of whatever type.
  private func kept(_ name: String, of structure: String, _ meaning: String) throws(LayoutError) -> Case? {
    guard let place = try types.member(name, of: structure) else { return nil }
    return Case(isFor: true, says: "\(structure).\(name) at byte \(place.offset) is \(try types.spelling(place.type)): \(meaning)")
  }

  /// A queue of packets that is a tree and not one of the two queues.
  private func tree(_ name: String, of structure: String) throws(LayoutError) -> Case? {
    guard let place = try types.member(name, of: structure) else { return nil }
    return Case(isFor: false, says: "\(structure).\(name) at byte \(place.offset) is a third place for packets, \(try types.spelling(place.type))")
  }
}
