import Foundation
import Support
import Testing

/// Sockets without room are told of in a report where there were any, and not otherwise.
@Suite struct FullQueueTests {
  private static func report(_ more: [String], _ options: String...) throws -> String {
    let folder = try Repository.temporaryDirectory()
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("trace.txt")
    let lines = ["netif_receive_skb: dev=lo skbaddr=0000000000000abc len=84"] + more
    let text = lines.enumerated().map { "            ping-12    [001] ..s1.  2209.58132\($0): \($1)\n" }.joined()
    try text.write(to: file, atomically: true, encoding: .utf8)
    return try String(decoding: Tool.run(Repository.wakepath, ["report"] + options + [file.path]).output, as: UTF8.self)
  }

  private static let full = [212_992, 4_608].map { "sock_rcvqueue_full: rmem_alloc=213760 truesize=1280 sk_rcvbuf=\($0)" }

  @Test func theyAreCountedWithTheLeastRoom() throws {
    let text = try Self.report(Self.full)
    #expect(text.contains("Full      2 times a socket had no room for a packet: give it more than 4608 bytes (SO_RCVBUF), or read it faster\n"))
    #expect(try Self.report(Self.full, "--json").contains("\"fullQueues\":2"))
  }

  @Test func nothingIsSaidWhereThereIsNone() throws {
    #expect(try !Self.report([]).contains("Full"))
    #expect(try !Self.report([], "--json").contains("fullQueues"))
  }
}
