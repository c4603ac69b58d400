internal import Linux
internal import Capture
internal import Decoding
internal import Events
internal import Journeys
public import Model
internal import SystemPackage

/// `wakepath verify --live`: experiments on the running kernel, recorded while they run, and what they say of each claim.
public struct LiveVerification: Sendable {
  /// What was found, one result for each claim and method.
  public let results: [ClaimResult]
  /// The release of the kernel.
  public let kernel: String
  /// What the user should know besides: one sentence each.
  public let notes: [String]

  /// Why nothing can be said.
  public enum Problem: Error {
    /// A signal came; everything is cleaned up.
    case interrupted(Int32)
    case failed(String)
  }

  /// Runs the experiments in a process of `program`, which must do `ExperimentProcess.run` when it is called with
  /// `arguments`, the tag and the account's path; where `keeping` names a file, the recording stays there.
  public static func run(program: String, arguments: [String], supervisor: [String] = [], keeping kept: String? = nil) throws(Problem)
    -> LiveVerification
  {
    let folder = try Folder()
    defer { folder.remove() }
    let tag = String(UInt32.random(in: 0x1000...0xffff), radix: 16)
    var options = RecordingOptions()
    options.output = kept ?? folder.recording
    options.duration = .seconds(Int64(ExperimentProcess.longest))
    options.command = [program] + arguments + [tag, folder.account]
    options.runsAsRoot = true
    options.supervisor = supervisor
    options.temporaryFolder = folder.path
    var notes: [String] = []
    var unrecorded: String?
    var signal: Int32?
    do throws(CaptureError) {
      let summary = try Recorder.record(options)
      if case .signal(let number) = summary.end { signal = number }
      notes += summary.notes
      if summary.lost > 0 { notes.append("\(summary.lost) events were lost while the experiments ran") }
    } catch {
      unrecorded = error.description
    }
    if unrecorded != nil { signal = try runUnrecorded(options) }
    if let signal { throw .interrupted(signal) }
    guard let text = try? Files.text(of: folder.account), let account = Account(text) else {
      throw .failed("the experiments' process ended without an account")
    }
    return try judge(account, tag, unrecorded == nil ? options.output : nil, unrecorded, notes)
  }

  private static var release: String {
    let release = Kernel.release
    return release.isEmpty ? "unknown" : release
  }

  /// Answers the signal that ended it, if one did.
  private static func runUnrecorded(_ options: RecordingOptions) throws(Problem) -> Int32? {
    do throws(CaptureError) {
      if case .signal(let number) = try Recorder.runWithoutRecording(options) { return number }
      return nil
    } catch {
      throw .failed(error.description)
    }
  }

  private static func judge(
    _ account: Account, _ tag: String, _ recording: String?, _ unrecorded: String?, _ notes: [String]
  ) throws(Problem) -> LiveVerification {
    var wire = WireWatch(devices: ["wpc-\(tag)", "wps-\(tag)"], tag: tag)
    var share = SoftirqShare(account.windows)
    if let recording {
      var stream: EventStream
      do { stream = EventStream(try Recording(paths: [recording])) } catch { throw .failed("\(error)") }
      while let event = stream.next() {
        wire.observe(event, stream.names)
        share.observe(event)
      }
    }
    let judgement = Judgement(account: account, unrecorded: unrecorded, wire: wire, share: share)
    return LiveVerification(results: judgement.results(), kernel: release, notes: notes)
  }
}

/// The directory of one run's files, which goes with it.
private struct Folder {
  let path: String
  var recording: String { "\(path)/trace.dat" }
  var account: String { "\(path)/account" }

  init() throws(LiveVerification.Problem) {
    let parent = ThisProcess.temporaryDirectory()
    // Made for its owner alone; if the name is taken, by whomever, it fails.
    path = "\(parent)/wakepath-verify-\(ThisProcess.id)-\(String(UInt64.random(in: 0 ... .max), radix: 16))"
    do throws(Errno) { try Files.makeDirectory(path) } catch { throw .failed("\(path) cannot be made: \(error)") }
  }

  func remove() {
    Files.remove(recording)
    Files.remove(account)
    try? Files.removeDirectory(path)
  }
}
