import Bytes
import Foundation
import Layouts
import Support
import Testing

@testable import Model

/// The claims that a kernel's types decide.
@Suite struct StructureClaimsTests {
  @Test(.enabled(if: FileManager.default.isReadableFile(atPath: BTF.kernelPath), "this kernel shows no BTF"))
  func kernelsAreAsExpected() throws {
    // The running kernel, and those whose types WAKEPATH_BTF names.
    let more = (ProcessInfo.processInfo.environment["WAKEPATH_BTF"] ?? "").split(separator: ":").map(String.init)
    for file in [BTF.kernelPath] + more { try isAsExpected(BTF(path: file)) }
  }

  private func isAsExpected(_ types: BTF) throws {
    let results = try StructureClaims(types).decide()
    #expect(results.map(\.claim.id) == ["S1", "S11", "S13", "S14"])
    for result in results {
      #expect(result.verdict == result.claim.expected, "\(result.claim.id): \(result.detail)")
      #expect(result.detail.contains(" at byte "))
    }
    let data = try #require(try types.member("data", of: "sk_buff"))
    #expect(results.last?.detail.contains("sk_buff.data at byte \(data.offset) is unsigned char *") == true)
  }

  /// A kernel as the textbook draws it: the sock lies in the socket, and there are two queues and no more.
  private func textbook(_ change: (inout [BTFBuilder.Member], BTFBuilder) -> Void = { _, _ in }) throws -> [String: ClaimResult] {
    var b = BTFBuilder()
    let byte = b.integer("unsigned char", bytes: 1)
    let word = b.integer("unsigned int", bytes: 4)
    let data = b.pointer(to: byte)
    var members: [BTFBuilder.Member] = [
      // The packet itself is the type after its pointer.
      .init("next", b.last + 1, bit: 0), .init("len", word, bit: 64), .init("data", data, bit: 128)
    ]
    change(&members, b)
    _ = b.pointer(to: b.last + 2)
    _ = b.structure("sk_buff", bytes: 24, members)
    let queue = b.structure("sk_buff_head", bytes: 24, [])
    let sock = b.structure("sock", bytes: 64, [.init("sk_receive_queue", queue, bit: 0), .init("sk_write_queue", queue, bit: 192)])
    let file = b.structure("file", bytes: 16, [.init("private_data", b.pointer(to: 0), bit: 0)])
    _ = b.structure("socket", bytes: 80, [.init("file", b.pointer(to: file), bit: 0), .init("sk", sock, bit: 64)])
    let results = try StructureClaims(BTF(ByteBuffer(b.bytes), path: "textbook")).decide()
    return Dictionary(uniqueKeysWithValues: results.map { ($0.claim.id, $0) })
  }

  @Test func aTextbooksKernelBearsOutTheTextbook() throws {
    let results = try textbook()
    #expect(results["S1"]?.verdict == .confirmed)
    #expect(results["S13"]?.for == 3)
    #expect(results["S13"]?.against == 0)
    #expect(results["S13"]?.detail.contains("socket.sk at byte 8 is struct sock;") == true)
    #expect(results["S14"]?.verdict == .confirmed)
    #expect(results["S14"]?.for == 3)
    // Nothing says that a socket's file has an inode, too.
    #expect(results["S11"]?.against == 0)
  }

  @Test func whatIsNotThereOrOtherwiseIsSaid() throws {
    let without = try textbook { members, _ in members.removeFirst() }
    #expect(without["S14"]?.verdict == .refuted)
    #expect(without["S14"]?.detail.contains("sk_buff has no member next") == true)
    let other = try textbook { members, _ in members[1] = .init("len", 1, bit: 64) }
    #expect(other["S14"]?.verdict == .refuted)
    #expect(other["S14"]?.against == 1)
  }

  @Test func aKernelThatDescribesNothingDecidesNothing() throws {
    let results = try StructureClaims(BTF(ByteBuffer(BTFBuilder().bytes), path: "empty")).decide()
    #expect(results.map(\.verdict) == [.unobserved, .unobserved, .unobserved, .unobserved])
  }
}
