/// The words of the command line.
public enum CommandArguments {
  /// All but the program's name, their bytes kept where they are not UTF-8: names of files need not be.
  public static let all: [String] = {
    var words: [String] = []
    for index in 1..<max(Int(CommandLine.argc), 1) {
      guard let word = unsafe CommandLine.unsafeArgv[index] else { break }
      unsafe words.append(String(keeping: word))
    }
    return words
  }()
}
