// swift-tools-version: 6.2
import PackageDescription

/// What a mutant changes and what finds it, without the rest of rz, so that each is built in seconds.
func module(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(
        name: name, dependencies: dependencies,
        swiftSettings: [
            .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("MemberImportVisibility"),
            .unsafeFlags(["-O"]),
        ])
}

let package = Package(
    name: "mutant",
    targets: [
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto"),
        module("Digest", ["CCrypto"]),
        module("Migration", []),
        module("Planning", ["Migration", "Digest"]),
        module("Engine", ["Migration"]),
        module("Operations", ["Migration", "Planning", "Engine"]),
        module("Simulation", ["Migration", "Planning", "Engine", "Operations"]),
        .executableTarget(name: "Trial", dependencies: ["Simulation", "Migration"], path: "Trial"),
    ])
