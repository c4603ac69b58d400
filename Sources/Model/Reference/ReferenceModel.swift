/// The reference model: how Linux receives and sends packets, as data.
///
/// Read it in this order: the stages of a packet's way and the steps between them (`ReferenceModel+Receive`, `ReferenceModel+Send`), the ways a
/// journey ends (`ReferenceModel+Ends`), the rules (`Rule+Table`) and the textbook's claims (`Claim+Table`). The checker, `wakepath model` and
/// the drawing in the documentation all read these tables; there is no other description.
public enum ReferenceModel {
  /// The version of the model; it changes when a verdict on the same recording could.
  public static let version = "1"

  /// Every stage, those of the receive side first.
  public static let stages: [StageModel] = receiveStages + sendStages

  /// Every step that a packet may take from one stage to the next one seen. A stage that leaves no event is stepped over, so the table
  /// also has the steps that result.
  public static let steps: [Step] = receiveSteps + sendSteps
}
