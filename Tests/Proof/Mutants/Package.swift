// swift-tools-version: 6.2
import PackageDescription

/// What a mutant changes and what finds it, without the rest of rz, so that each is built in seconds.
func module(_ name: String, in floor: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Sources/\(floor)/\(name)",
        swiftSettings: [
            .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("MemberImportVisibility"),
            .unsafeFlags(["-O"]),
        ])
}

let package = Package(
    name: "mutant",
    targets: [
        .systemLibrary(name: "CCrypto", path: "Sources/Base/CCrypto", pkgConfig: "libcrypto"),
        module("Digest", in: "Base", ["CCrypto"]),
        module("Migration", in: "Core", []),
        module("Schedules", in: "Core", ["Migration"]),
        module("Planning", in: "Core", ["Migration", "Schedules", "Digest"]),
        module("Engine", in: "Core", ["Migration"]),
        module("Operations", in: "Core", ["Migration", "Schedules", "Planning", "Engine"]),
        module("Simulation", in: "Proof", ["Migration", "Planning", "Engine", "Operations"]),
        .executableTarget(name: "Trial", dependencies: ["Simulation", "Migration"], path: "Trial"),
    ])
