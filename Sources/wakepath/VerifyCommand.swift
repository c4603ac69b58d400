import ArgumentParser
import Decoding
import Events
import Journeys
import Model
import Reports

/// `wakepath verify`
struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Hold a recording, or experiments on the running kernel, against the reference model.",
    discussion: """
      Ends with status 0 if everything observed conforms, 1 if a rule is broken, a journey unexplained or a verdict unexpected. \
      `wakepath model` prints what is expected, and why.
      """)

  @OptionGroup var options: CommonOptions

  @Flag(help: "Make experiments on the running kernel, over loopback and in network namespaces of their own (needs root).")
  var live = false

  @Option(help: ArgumentHelp("With --live: keep the recording of the experiments in this file.", valueName: "file"))
  var keep: String?

  @OptionGroup var interpretation: InterpretationOptions

  @Argument(help: "The recording; several files of one recording are one.")
  var file: [String] = []

  func validate() throws {
    guard live != !file.isEmpty else { throw ValidationError("Give a recording, or --live for the running kernel.") }
    guard !live || interpretation.instance == nil else { throw ValidationError("--instance goes with a recording.") }
    guard live || keep == nil else { throw ValidationError("--keep goes with --live.") }
  }

  func run() throws {
    if live { return try LiveVerify.run(options, keeping: keep) }
    var stream = EventStream(try interpretation.open(file))
    var verifier = Verifier(stream.capabilities, kernel: stream.recording.info.kernel)
    while let event = stream.next() { verifier.observe(event) }
    try print(verifier.finish(), stream)
    try options.finish(stream.recording.diagnostics)
  }

  private func print(_ verification: Verification, _ stream: borrowing EventStream) throws {
    var output = TextOutput()
    if options.json {
      VerificationJSON.write(verification, stream, to: &output)
    } else {
      VerificationText.write(verification, stream, options.style, isVerbose: options.verbose, to: &output)
    }
    output.flush()
    guard verification.isAsExpected else {
      try options.finish(stream.recording.diagnostics)
      throw ExitCode(1)
    }
  }
}
