// swift-tools-version: 6.2
import PackageDescription

// The decoders and one program that libFuzzer drives. A package of its own, as everything in it is compiled to tell
// libFuzzer which way it took. `scripts/fuzz` builds and runs it.

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("MemberImportVisibility"),
    // The targets look into the modules, in an optimised build too.
    .unsafeFlags(["-enable-testing"]),
]

func module(_ name: String, in floor: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Sources/\(floor)/\(name)", swiftSettings: strict)
}

func library(_ name: String, pkgConfig: String) -> Target {
    .systemLibrary(name: name, path: "Sources/Base/\(name)", pkgConfig: pkgConfig)
}

let package = Package(
    name: "rz-fuzz",
    dependencies: [
        .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.1"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
        .package(url: "https://github.com/apple/swift-system", from: "1.5.0"),
    ],
    targets: [
        library("CCurl", pkgConfig: "libcurl"),
        library("CJSONC", pkgConfig: "json-c"),
        library("CCrypto", pkgConfig: "libcrypto"),
        library("CYAML", pkgConfig: "yaml-0.1"),
        library("CExpat", pkgConfig: "expat"),
        .systemLibrary(name: "CResolver", path: "Sources/Base/CResolver"),
        library("CSQLite", pkgConfig: "sqlite3"),
        module("JSON", in: "Base", ["CJSONC"]),
        module("YAML", in: "Base", ["JSON", "CYAML"]),
        module("XML", in: "Base", ["CExpat"]),
        module("Digest", in: "Base", ["CCrypto"]),
        module("SafeFiles", in: "Base"),
        module("Threads", in: "Base"),
        module("Transport", in: "Base", ["Threads", "CCurl", "CResolver"]),
        module("Migration", in: "Core"),
        module("Schedules", in: "Core", ["Migration"]),
        module("Engine", in: "Core", ["Migration"]),
        module("Operations", in: "Core", ["Migration", "Planning", "Engine"]),
        module("Runbooks", in: "Formats", ["Migration", "Operations", "JSON", "YAML", "SafeFiles", "Threads"]),
        module("Journal", in: "Stores", ["Migration", "JSON", "Digest", "CSQLite"]),
        module("Planning", in: "Core", ["Migration", "Digest"]),
        module("Publishing", in: "Views", ["Migration", "JSON", "Threads"]),
        module("Reporting", in: "Views", ["Migration", "Operations", "JSON"]),
        module("Trust", in: "Drivers", ["Migration", "Transport"]),
        module(
            "Provisioning", in: "Drivers",
            [
                "Migration", "JSON", "YAML", "Digest", "SafeFiles", "Threads",
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ]),
        module(
            "Clusters", in: "Drivers",
            ["Migration", "JSON", "YAML", "Schedules", "Digest", "Transport", "Trust", "SafeFiles"]),
        module(
            "LoadBalancing", in: "Drivers", ["Migration", "JSON", "YAML", "XML", "Transport", "Trust", "SafeFiles"]),
        .target(
            name: "Sandbox",
            dependencies: [
                "Migration", "JSON", "YAML", "Schedules", "Transport", "SafeFiles",
                .product(name: "FlyingFox", package: "FlyingFox"),
                .product(name: "FlyingSocks", package: "FlyingFox"),
            ], swiftSettings: strict),
        .target(
            name: "FuzzTargets",
            dependencies: [
                "JSON", "Migration", "Operations", "Runbooks", "Journal", "Planning", "Provisioning", "Clusters",
                "LoadBalancing", "Publishing", "Reporting", "Sandbox", "Transport", "XML",
            ], path: "Targets", swiftSettings: strict),
        .executableTarget(name: "rz-fuzz", dependencies: ["FuzzTargets"], path: "Harness", swiftSettings: strict),
    ]
)
