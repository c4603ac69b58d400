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
      Ends with status 0 if everything observed conforms, 1 if a rule is broken, a journey unexplained, a verdict unexpected or an expectation \
      of yours broken; one that the recording does not let judge is said and breaks nothing. \
      `wakepath model` prints what is expected, and why.
      """)

  @OptionGroup var options: CommonOptions

  @Flag(help: "Make experiments on the running kernel, over loopback and in network namespaces of their own (needs root).")
  var live = false

  @Option(help: ArgumentHelp("With --live: keep the recording of the experiments in this file.", valueName: "file"))
  var keep: String?

  @Option(help: ArgumentHelp("Hold it against the model in this file; `wakepath model --format yaml` prints one to begin with.", valueName: "file"))
  var model: String?

  @Option(help: ArgumentHelp("Expect besides what this file says of times, causes and outcomes of your own packets.", valueName: "file"))
  var expect: String?

  @OptionGroup var interpretation: InterpretationOptions

  @Argument(help: "The recording; several files of one recording are one.")
  var file: [String] = []

  func validate() throws {
    guard live != !file.isEmpty else { throw ValidationError("Give a recording, or --live for the running kernel.") }
    guard !live || interpretation.instance == nil else { throw ValidationError("--instance goes with a recording.") }
    guard !live || (model == nil && expect == nil) else { throw ValidationError("--model and --expect go with a recording.") }
    guard live || keep == nil else { throw ValidationError("--keep goes with --live.") }
  }

  func run() throws {
    if live { return try LiveVerify.run(options, keeping: keep) }
    let model = try ModelFiles.model(self.model)
    let expectations = model.expectations + (try expect.map(ModelFiles.expectations) ?? [])
    var stream = EventStream(try interpretation.open(file))
    var verifier = Verifier(stream.capabilities, model: model, kernel: stream.recording.info.kernel)
    guard !expectations.isEmpty else {
      while let event = stream.next() { verifier.observe(event) }
      return try print(verifier.finish(), nil, stream)
    }
    var judge = ExpectationJudge(expectations, model)
    while let event = stream.next() { verifier.observe(event) { judge.judge($0, stream) } }
    let verification = verifier.finish { judge.judge($0, stream) }
    try print(verification, judge.finish(seen: verification.hasSeen), stream)
  }

  private func print(_ verification: Verification, _ expectations: [ExpectationResult]?, _ stream: borrowing EventStream) throws {
    var output = TextOutput()
    if options.json {
      VerificationJSON.write(verification, expectations, stream, to: &output)
    } else {
      VerificationText.write(verification, expectations ?? [], stream, options.style, isVerbose: options.verbose, to: &output)
    }
    output.flush()
    let isMet = expectations?.allSatisfy { $0.verdict != .broken } ?? true
    guard verification.isAsExpected, isMet else {
      try options.finish(stream.recording.diagnostics)
      throw ExitCode(1)
    }
    try options.finish(stream.recording.diagnostics)
  }
}
