// swift-tools-version: 6.2
import PackageDescription

/// Every target of ours: unsafe code must be marked (and lives in Bytes and one file over each C library), warnings are errors,
/// and imports say what they expose.
let house: [SwiftSetting] = [
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility")
]

/// Bytes and Decoding hand out views of their buffers; returning a `RawSpan` needs this flag, using one does not.
let views: [SwiftSetting] = house + [.enableExperimentalFeature("Lifetimes")]

/// Tests say in words what they check; they need not fence unsafe code.
let tests: [SwiftSetting] = [.enableUpcomingFeature("ExistentialAny"), .treatAllWarnings(as: .error)]

/// DocC's plugin, for `make docs` alone: it need not be fetched for anything else.
let documentation: [Package.Dependency] =
  Context.environment["WAKEPATH_DOCS"] == nil ? [] : [.package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0")]

let package = Package(
  name: "wakepath",
  products: [
    .executable(name: "wakepath", targets: ["wakepath"]),
    // For the packages of our own that measure and fuzz the readers; not an interface for others.
    .library(name: "WakepathReaders", targets: ["Bytes", "Decoding", "Events", "Journeys", "Simulator"])
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2")
  ] + documentation,
  targets: [
    .systemLibrary(name: "CTraceEvent", pkgConfig: "libtraceevent", providers: [.apt(["libtraceevent-dev"])]),
    .systemLibrary(name: "CTraceFS", pkgConfig: "libtracefs", providers: [.apt(["libtracefs-dev"])]),
    .systemLibrary(name: "CElf", pkgConfig: "libelf", providers: [.apt(["libelf-dev"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CLinux"),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

    .target(name: "Tracepoints", swiftSettings: house),
    .target(name: "Linux", dependencies: ["CLinux", .product(name: "SystemPackage", package: "swift-system")], swiftSettings: house),
    .target(
      name: "Bytes", dependencies: ["CZstd", "CZlib", "Linux", .product(name: "SystemPackage", package: "swift-system")], swiftSettings: views),
    .target(
      name: "Decoding",
      dependencies: ["Bytes", "CTraceEvent", .product(name: "HeapModule", package: "swift-collections")],
      swiftSettings: views),
    .target(name: "Layouts", dependencies: ["Bytes", "CElf"], swiftSettings: house),
    .target(name: "Events", dependencies: ["Bytes", "Decoding", "Tracepoints"], swiftSettings: views),
    .target(
      name: "Journeys",
      dependencies: [
        "Events", .product(name: "BasicContainers", package: "swift-collections"), .product(name: "DequeModule", package: "swift-collections")
      ],
      swiftSettings: house),
    .target(name: "Simulator", dependencies: ["Events", "Journeys"], swiftSettings: house),
    .target(
      name: "Model",
      dependencies: ["Events", "Journeys", "Layouts", .product(name: "Yams", package: "Yams")],
      resources: [.embedInCode("linux.yaml")], swiftSettings: house),
    .target(
      name: "Reports",
      dependencies: [
        "Bytes", "Decoding", "Events", "Journeys", "Model", .product(name: "HeapModule", package: "swift-collections")
      ],
      swiftSettings: house),
    .target(
      name: "Capture",
      dependencies: ["Bytes", "Layouts", "Linux", "Tracepoints", "CTraceFS", .product(name: "SystemPackage", package: "swift-system")],
      swiftSettings: house),
    .target(
      name: "Experiments",
      dependencies: [
        "Capture", "Decoding", "Events", "Journeys", "Layouts", "Linux", "Model", .product(name: "SystemPackage", package: "swift-system")
      ],
      swiftSettings: house),
    .executableTarget(
      name: "wakepath",
      dependencies: [
        "Bytes", "Capture", "Decoding", "Events", "Experiments", "Journeys", "Layouts", "Model", "Reports", "Simulator",
        .product(name: "ArgumentParser", package: "swift-argument-parser")
      ],
      swiftSettings: house),

    .target(name: "Support", dependencies: ["CZstd"], path: "Tests/Support", swiftSettings: tests),
    .testTarget(name: "DamageTests", dependencies: ["Bytes", "Decoding", "Events", "Journeys", "Support", "wakepath"], swiftSettings: tests),
    .testTarget(name: "DecodingTests", dependencies: ["Bytes", "Decoding", "Support"], exclude: ["Crashes"], swiftSettings: tests),
    .testTarget(name: "EventsTests", dependencies: ["Bytes", "Decoding", "Events", "Support", "Tracepoints"], swiftSettings: tests),
    .testTarget(name: "LayoutsTests", dependencies: ["Bytes", "Layouts", "Support"], swiftSettings: tests),
    .testTarget(name: "ReportsTests", dependencies: ["Bytes", "Reports", "Support"], swiftSettings: tests),
    .testTarget(name: "WakepathTests", dependencies: ["Support", "wakepath"], exclude: ["Golden", "Inputs"], swiftSettings: tests),
    .testTarget(name: "JourneysTests", dependencies: ["Events", "Journeys", "Support"], swiftSettings: tests),
    .testTarget(
      name: "ModelTests", dependencies: ["Bytes", "Decoding", "Events", "Journeys", "Layouts", "Model", "Support"], swiftSettings: tests),
    .testTarget(name: "ExperimentsTests", dependencies: ["Events", "Experiments", "Linux", "Model", "Support", "wakepath"], swiftSettings: tests),
    .testTarget(name: "SimulatorTests", dependencies: ["Bytes", "Events", "Journeys", "Model", "Simulator"], swiftSettings: tests),
    .testTarget(
      name: "CaptureTests",
      dependencies: ["Bytes", "Capture", "Linux", "Support", "Tracepoints", "wakepath", .product(name: "SystemPackage", package: "swift-system")],
      swiftSettings: tests)
  ],
  swiftLanguageModes: [.v6]
)
