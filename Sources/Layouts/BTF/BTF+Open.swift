internal import Bytes

extension BTF {
  /// Where a running kernel shows its own types.
  public static let kernelPath = "/sys/kernel/btf/vmlinux"

  /// The types of the running kernel.
  public static func ofRunningKernel() throws(LayoutError) -> BTF { try BTF(path: kernelPath) }

  /// The types of a module of the running kernel.
  public static func ofRunningModule(_ name: String, base: BTF) throws(LayoutError) -> BTF {
    try BTF(path: "/sys/kernel/btf/\(name)", base: base)
  }

  /// The types in the file `path`: raw BTF, or an ELF file (vmlinux, a module's .ko) with a section `.BTF`.
  public convenience init(path: String, base: BTF? = nil) throws(LayoutError) {
    if ELFFile.isELF(path) {
      let content = try ELFFile(path: path).section(".BTF")
      try self.init(content, path: "\(path), section .BTF", base: base)
      return
    }
    guard let content = VirtualFile.contents(of: path, limit: Self.sizeLimit) else {
      throw LayoutError(path, "cannot be read, or has more than \(Self.sizeLimit >> 20) MiB")
    }
    try self.init(content, path: path, base: base)
  }

  /// Kernels have 5 to 10 MB of BTF.
  private static let sizeLimit = 256 << 20
}
