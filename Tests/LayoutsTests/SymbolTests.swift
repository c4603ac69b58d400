import Foundation
import Layouts
import Support
import Testing

/// ELF files that every machine with these tests has: the C library and the tests themselves.
@Suite struct SymbolTests {
  private static let library = [
    "/lib/x86_64-linux-gnu/libelf.so.1", "/usr/lib/x86_64-linux-gnu/libelf.so.1", "/usr/lib/aarch64-linux-gnu/libelf.so.1"
  ]
  .first { FileManager.default.fileExists(atPath: $0) }

  @Test(.enabled(if: library != nil && Tool.isInstalled("readelf"), "libelf.so.1 or readelf is not where Debian has it"))
  func addressesAreNamedAsReadelfNamesThem() throws {
    let path = try #require(Self.library)
    let symbols = try SymbolIndex(ELFFile(path: path))
    let result = try Tool.run("readelf", ["--dyn-syms", "--wide", path])
    var compared = 0
    for line in result.lines {
      let words = line.split(separator: " ")
      guard words.count >= 8, words[3] == "FUNC", words[6] != "UND", let address = UInt64(words[1], radix: 16), let size = UInt64(words[2]), size > 1
      else { continue }
      let named = try #require(symbols.name(at: address + size - 1), "\(line)")
      #expect(named.offset == size - 1)
      // Several names may stand for one address.
      #expect(symbols.address(of: named.name) == address)
      compared += 1
    }
    #expect(compared > 50)
    #expect(symbols.count >= compared)
    #expect(symbols.name(at: 0) == nil)
    #expect(symbols.name(at: .max) == nil)
  }

  @Test func whatIsNoELFFileIsSaid() throws {
    let folder = try Repository.temporaryDirectory()
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("x")
    #expect(throws: LayoutError.self) { try ELFFile(path: file.path) }
    try Data("\u{7f}ELF and no more".utf8).write(to: file)
    #expect(throws: LayoutError.self) { try BTF(path: file.path) }
    try Data("text".utf8).write(to: file)
    #expect(throws: LayoutError.self) { try ELFFile(path: file.path) }
    #expect(throws: LayoutError.self) { try BTF(path: folder.path) }
  }

  @Test(.enabled(if: Tool.isInstalled("objcopy"), "objcopy is not installed (package binutils)"))
  func typesInASectionOfAnELFFile() throws {
    let folder = try Repository.temporaryDirectory()
    defer { try? FileManager.default.removeItem(at: folder) }
    let (raw, object) = (folder.appendingPathComponent("raw.btf").path, folder.appendingPathComponent("vmlinux").path)
    try Data(SmallKernel().builder.bytes).write(to: URL(fileURLWithPath: raw))
    let source = try Tool.run("objcopy", ["-I", "binary", "-O", "elf64-x86-64", "--rename-section", ".data=.BTF", raw, object])
    try #require(source.status == 0, "\(source.errors)")
    #expect(try BTF(path: object).member("data", of: "sk_buff")?.offset == 72)
    #expect(try BTF(path: raw).member("data", of: "sk_buff")?.offset == 72)
    // Damaged ELF files end in a sentence, wherever they are damaged.
    let whole = try [UInt8](Data(contentsOf: URL(fileURLWithPath: object)))
    for index in stride(from: 4, to: whole.count, by: 3) {
      var bytes = whole
      bytes[index] ^= 0x55
      try Data(bytes).write(to: URL(fileURLWithPath: object))
      _ = try? BTF(path: object).member("data", of: "sk_buff")
      _ = try? SymbolIndex(ELFFile(path: object))
    }
    for count in stride(from: 5, to: whole.count, by: 97) {
      try Data(whole.prefix(count)).write(to: URL(fileURLWithPath: object))
      #expect(throws: LayoutError.self) { try BTF(path: object) }
    }
  }
}
