public import Bytes
internal import CElf
#if canImport(Glibc)
  internal import Glibc
#endif

/// An ELF file read through libelf: vmlinux, a kernel module, a program. With Bytes, the only unsafe code of this target.
@safe public final class ELFFile {
  /// One section's header.
  struct Section {
    let name: String
    /// `sh_type`.
    let type: UInt32
    /// The section its entries refer to: for symbols, that of their names.
    let link: Int
    let size: Int
    let address: UInt64
  }

  private let handle: OpaquePointer
  private let descriptor: Int32
  let path: String

  /// Opens `path`.
  public init(path: String) throws(LayoutError) {
    guard elf_version(UInt32(EV_CURRENT)) != EV_NONE else { throw LayoutError(path, "libelf is older than its header") }
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw LayoutError(path, unsafe String(cString: strerror(errno))) }
    guard let handle = unsafe elf_begin(descriptor, ELF_C_READ, nil), unsafe elf_kind(handle) == ELF_K_ELF else {
      close(descriptor)
      throw LayoutError(path, "this is not an ELF file")
    }
    unsafe self.handle = handle
    self.descriptor = descriptor
    self.path = path
  }

  deinit {
    unsafe elf_end(handle)
    close(descriptor)
  }

  /// Whether `path` begins as an ELF file does.
  static func isELF(_ path: String) -> Bool {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var start = [UInt8](repeating: 0, count: 4)
    let got = unsafe start.withUnsafeMutableBytes { unsafe pread(descriptor, $0.baseAddress, $0.count, 0) }
    return got == 4 && start == [0x7f, UInt8(ascii: "E"), UInt8(ascii: "L"), UInt8(ascii: "F")]
  }

  private static var lastError: String { unsafe elf_errmsg(-1).map { unsafe String(cString: $0) } ?? "libelf does not say why" }

  /// A copy of the content of section `name`.
  public func section(_ name: String) throws(LayoutError) -> ByteBuffer {
    var found: OpaquePointer?
    try unsafe forEachSection { handle, section in
      if section.name == name, section.type != UInt32(SHT_NOBITS), unsafe found == nil { unsafe found = handle }
    }
    guard let found = unsafe found else { throw LayoutError(path, "this ELF file has no section \(name)") }
    guard let data = unsafe elf_rawdata(found, nil), let start = unsafe data.pointee.d_buf else {
      throw LayoutError(path, "section \(name) cannot be read: \(Self.lastError)")
    }
    let buffer = ByteBuffer(capacity: unsafe Int(clamping: data.pointee.d_size))
    buffer.append(unsafe RawSpan(_unsafeStart: UnsafeRawPointer(start), byteCount: Int(clamping: data.pointee.d_size)))
    return buffer
  }

  @unsafe private func forEachSection(_ body: (OpaquePointer, Section) -> Void) throws(LayoutError) {
    var names = 0
    guard unsafe elf_getshdrstrndx(handle, &names) == 0 else { throw LayoutError(path, "the sections cannot be read: \(Self.lastError)") }
    var next = unsafe elf_nextscn(handle, nil)
    while let section = unsafe next {
      var header = GElf_Shdr()
      guard unsafe gelf_getshdr(section, &header) != nil else { throw LayoutError(path, "a section cannot be read: \(Self.lastError)") }
      let name = unsafe elf_strptr(handle, names, Int(header.sh_name)).map { unsafe String(cString: $0) } ?? ""
      unsafe body(
        section,
        Section(
          name: name, type: header.sh_type, link: Int(header.sh_link), size: Int(clamping: header.sh_size), address: header.sh_addr))
      unsafe next = elf_nextscn(handle, section)
    }
  }

  /// One function of the symbol table.
  struct Function {
    var address: UInt64
    var size: UInt64
    var name: String
  }

  /// The functions of the symbol table, in its order; where there is none, those of the dynamic symbols.
  func functions() throws(LayoutError) -> [Function] {
    var tables: [(type: UInt32, functions: [Function])] = []
    try unsafe forEachSection { handle, section in
      guard section.type == UInt32(SHT_SYMTAB) || section.type == UInt32(SHT_DYNSYM), let data = unsafe elf_getdata(handle, nil) else { return }
      unsafe tables.append((section.type, functions(data, names: section.link)))
    }
    return (tables.first { $0.type == UInt32(SHT_SYMTAB) } ?? tables.first)?.functions ?? []
  }

  @unsafe private func functions(_ data: UnsafeMutablePointer<Elf_Data>, names: Int) -> [Function] {
    var functions: [Function] = []
    var symbol = GElf_Sym()
    var index: Int32 = 0
    while unsafe gelf_getsym(data, index, &symbol) != nil {
      index += 1
      guard symbol.st_info & 15 == UInt8(STT_FUNC), symbol.st_shndx != UInt16(SHN_UNDEF),
        let name = unsafe elf_strptr(handle, names, Int(symbol.st_name))
      else { continue }
      unsafe functions.append(Function(address: symbol.st_value, size: symbol.st_size, name: String(cString: name)))
    }
    return functions
  }
}
