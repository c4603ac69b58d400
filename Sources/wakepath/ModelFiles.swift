import ArgumentParser
import Bytes
import Model

/// Models and expectations in files of the user's. A file that is wrong ends the program with status 3 and a sentence with its line.
enum ModelFiles {
  /// More bytes than this are no model that somebody wrote.
  private static let limit = 4 << 20

  /// The model in the file at `path`, or the reference model.
  static func model(_ path: String?) throws -> ReferenceModel {
    guard let path else { return .linux }
    let bytes = try bytes(path)
    do throws(ModelError) { return try ReferenceModel(bytes, file: path) } catch { throw Failure.input(error.description) }
  }

  /// The expectations in the file at `path`.
  static func expectations(_ path: String) throws -> [Expectation] {
    let bytes = try bytes(path)
    do throws(ModelError) { return try Expectation.read(bytes, file: path) } catch { throw Failure.input(error.description) }
  }

  private static func bytes(_ path: String) throws -> [UInt8] {
    do throws(BytesError) {
      let file = try InputFile(path: path)
      guard file.size <= limit else { throw BytesError(path: path, reason: "is too large for a model") }
      let buffer = try file.bytes(at: 0, count: file.size)
      let span = buffer.bytes
      return (0..<span.byteCount).compactMap { span.byte(at: $0) }
    } catch {
      throw Failure.input(error.description)
    }
  }
}
