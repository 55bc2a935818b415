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

let yams = Target.Dependency.product(name: "Yams", package: "Yams")

let package = Package(
    name: "rz-fuzz",
    dependencies: [
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.1"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
    ],
    targets: [
        library("CCurl", pkgConfig: "libcurl"),
        library("CJSONC", pkgConfig: "json-c"),
        library("CCrypto", pkgConfig: "libcrypto"),
        library("CSQLite", pkgConfig: "sqlite3"),
        module("JSON", ["CJSONC"]),
        module("Digest", ["CCrypto"]),
        module("Transport", ["CCurl"]),
        module("Migration"),
        module("Runbooks", ["Migration", "JSON", yams]),
        module("Journal", ["Migration", "JSON", "Digest", "CSQLite"]),
        module("Planning", ["Migration", "Digest"]),
        module("Provisioning", ["Migration", "JSON", .product(name: "Subprocess", package: "swift-subprocess")]),
        module("Clusters", ["Migration", "JSON", "Digest", "Transport"]),
        module("LoadBalancing", ["Migration", "Transport"]),
        module("Sandbox", ["Migration", "JSON", "Transport", .product(name: "FlyingFox", package: "FlyingFox")]),
        .target(
            name: "FuzzTargets",
            dependencies: [
                "JSON", "Migration", "Runbooks", "Journal", "Planning", "Provisioning", "Clusters", "LoadBalancing",
                "Sandbox", "Transport",
            ], path: "Targets", swiftSettings: strict),
        .executableTarget(name: "rz-fuzz", dependencies: ["FuzzTargets"], path: "Harness", swiftSettings: strict),
    ]
)
