/// The version of Wakepath. It stands here alone: `wakepath --version` prints it, packages read it from this line, and CHANGELOG.md begins with it.
enum Version {
  static let current = "0.9.0"
}
