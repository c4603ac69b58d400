import Linux
import Testing

@testable import Capture

extension KernelTests {
  struct DoctorTests {
    @Test func everyCheckSaysWhatItFound() {
      let checks = Doctor.examine()
      #expect(checks.allSatisfy { !$0.name.isEmpty && !$0.found.isEmpty && !$0.cost.isEmpty && !$0.found.contains("\n") })
      #expect(Set(checks.map(\.name)).count == checks.count)
      #expect(checks.count { $0.area == .events } == RecordedEvent.all.count)
    }

    @Test func essentialsAgreeWithRecording() {
      let essentials = Doctor.examine().filter(\.isEssential)
      #expect(essentials.allSatisfy { $0.state == .ok } == Machine.canRecord)
    }

    @Test(.enabled(if: Machine.canRecord, "\(Machine.obstacle ?? "")"))
    func leavesNothing() throws {
      let probes = try Files.contents(of: "/sys/kernel/tracing/dynamic_events")
      let before = Machine.instances()
      _ = Doctor.examine()
      #expect(Machine.instances(since: before) == [])
      #expect(try Files.contents(of: "/sys/kernel/tracing/dynamic_events") == probes)
    }
  }
}
