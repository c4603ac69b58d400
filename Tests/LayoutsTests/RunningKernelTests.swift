import Foundation
import Layouts
import Support
import Testing

/// The types of the kernel that runs here, against pahole, which reads them by libbpf.
@Suite(.enabled(if: FileManager.default.isReadableFile(atPath: BTF.kernelPath), "this kernel shows no BTF"))
struct RunningKernelTests {
  static let hasPahole = Tool.isInstalled("pahole")

  /// The running kernel's types and those in the files that WAKEPATH_BTF names, separated by colons.
  private static let files: [String] =
    [BTF.kernelPath] + (ProcessInfo.processInfo.environment["WAKEPATH_BTF"] ?? "").split(separator: ":").map(String.init)

  @Test func whatTheStructureClaimsAreAbout() throws {
    let types = try BTF.ofRunningKernel()
    func spelling(_ path: String, _ structure: String) throws -> String {
      try types.spelling(try #require(try types.member(path, of: structure), "\(structure).\(path)").type)
    }
    #expect(try spelling("data", "sk_buff") == "unsigned char *")
    #expect(try spelling("next", "sk_buff") == "struct sk_buff *")
    #expect(try spelling("sk", "socket") == "struct sock *")
    #expect(try spelling("sk_receive_queue", "sock") == "struct sk_buff_head")
    #expect(try spelling("f_inode", "file") == "struct inode *")
    // tcp_sock begins with inet_connection_sock, inet_sock, sock and sock_common.
    #expect(try types.member("inet_conn.icsk_inet.sk.__sk_common.skc_daddr", of: "tcp_sock")?.offset == 0)
    #expect(try types.function("tcp_v4_rcv")?.parameters.map(\.name) == ["skb"])
    #expect(try types.member("sk_data_ready", of: "sock").map { try types.spelling($0.type) } == "function *")
  }

  @Test func oneStructureIsFoundAtOnce() throws {
    let clock = ContinuousClock()
    var place: MemberPlace?
    let time = try clock.measure { place = try BTF.ofRunningKernel().member("data", of: "sk_buff") }
    #expect(place != nil)
    // A few milliseconds on an idle machine.
    #expect(time < .milliseconds(300), "\(time)")
  }

  /// `unsigned int  len;  /*   112     4 */`, or with a bit field `/*   126: 0  1 */`: name, offset and bit.
  private static func match(_ line: Substring) -> (name: Substring, bits: Int)? {
    guard let match = line.firstMatch(of: #/\b([a-z_A-Z]\w*)(?:\[\d+\])*\)?(?:\([^)]*\))?(?::\d+)?;\s*/\*\s*(\d+)(?::\s*(\d+))?\s+\d+ \*//#),
      let bytes = Int(match.2)
    else { return nil }
    return (match.1, bytes * 8 + (match.3.flatMap { Int($0) } ?? 0))
  }

  @Test(
    .enabled(if: hasPahole, "pahole is not installed (package dwarves)"),
    arguments: [
      "sk_buff", "sock", "socket", "file", "tcp_sock", "sk_buff_head", "napi_struct", "task_struct", "net_device", "inet_sock"
    ])
  func membersLieWherePaholeSaysTheyDo(structure: String) throws {
    for file in Self.files { try compare(structure, file) }
  }

  private func compare(_ structure: String, _ file: String) throws {
    let types = try BTF(path: file)
    let result = try Tool.run("pahole", ["-F", "btf", "-C", structure, file])
    try #require(result.status == 0, "\(result.errors)")
    var compared = 0
    // Members of named structures that pahole writes out are found under a longer path; those lines are indented further.
    for text in result.lines where text.hasPrefix("\t") && !text.hasPrefix("\t\t\t\t") {
      guard let (name, bits) = Self.match(text), let place = try types.member(String(name), of: structure) else { continue }
      #expect(place.bitOffset == bits, "\(file): \(structure).\(name): pahole says bit \(bits)")
      compared += 1
    }
    #expect(compared >= 2)
  }
}
