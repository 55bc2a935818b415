// swift-tools-version: 6.2
import PackageDescription

// The decoders and one program that libFuzzer drives. A package of its own, as everything in it is compiled to tell
// libFuzzer which way it took. `scripts/fuzz` builds and runs it.

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("MemberImportVisibility"),
    // The targets look into the modules, in an optimised build too.
    .unsafeFlags(["-enable-testing"]),
]

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/\(name)", swiftSettings: strict)
}

func library(_ name: String, pkgConfig: String) -> Target {
    .systemLibrary(name: name, path: "Sources/\(name)", pkgConfig: pkgConfig)
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
        .systemLibrary(name: "CResolver", path: "Sources/CResolver"),
        library("CSQLite", pkgConfig: "sqlite3"),
        module("JSON", ["CJSONC"]),
        module("YAML", ["JSON", "CYAML"]),
        module("Digest", ["CCrypto"]),
        module("SafeFiles"),
        module("Threads"),
        module("Transport", ["Threads", "CCurl", "CResolver"]),
        module("Migration"),
        module("Schedules", ["Migration"]),
        module("Runbooks", ["Migration", "JSON", "YAML", "SafeFiles", "Threads"]),
        module("Journal", ["Migration", "JSON", "Digest", "CSQLite"]),
        module("Planning", ["Migration", "Digest"]),
        module("Trust", ["Migration", "Transport"]),
        module(
            "Provisioning",
            [
                "Migration", "JSON", "YAML", "Digest", "SafeFiles", "Threads",
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ]),
        module(
            "Clusters", ["Migration", "JSON", "YAML", "Schedules", "Digest", "Transport", "Trust", "SafeFiles"]),
        module("LoadBalancing", ["Migration", "Transport", "SafeFiles"]),
        module(
            "Sandbox",
            [
                "Migration", "JSON", "YAML", "Schedules", "Transport", "SafeFiles",
                .product(name: "FlyingFox", package: "FlyingFox"),
                .product(name: "FlyingSocks", package: "FlyingFox"),
            ]),
        .target(
            name: "FuzzTargets",
            dependencies: [
                "JSON", "Migration", "Runbooks", "Journal", "Planning", "Provisioning", "Clusters", "LoadBalancing",
                "Sandbox", "Transport",
            ], path: "Targets", swiftSettings: strict),
        .executableTarget(name: "rz-fuzz", dependencies: ["FuzzTargets"], path: "Harness", swiftSettings: strict),
    ]
)
