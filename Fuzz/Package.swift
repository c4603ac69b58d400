// swift-tools-version: 6.2
import PackageDescription

// libFuzzer over the readers, a package of its own: `make fuzz` builds it with the sanitizers, which the main package does without.
let package = Package(
  name: "fuzz",
  dependencies: [.package(name: "wakepath", path: "..")],
  targets: [
    .executableTarget(
      name: "FuzzRecording",
      dependencies: [
        .product(name: "WakepathReaders", package: "wakepath")
      ],
      swiftSettings: [.unsafeFlags(["-parse-as-library", "-sanitize=fuzzer,address"])],
      linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address"])]),
    .executableTarget(
      name: "FuzzPrinting",
      dependencies: [
        .product(name: "WakepathReaders", package: "wakepath")
      ],
      swiftSettings: [.unsafeFlags(["-parse-as-library", "-sanitize=fuzzer,address"])],
      linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address"])])
  ]
)
