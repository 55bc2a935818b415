// swift-tools-version: 6.2
import PackageDescription

/// Settings of every Swift target: one language mode, no warnings.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

/// Optimised in debug builds too: simulations run through these modules millions of times, in every test run.
let optimised = strict + [.unsafeFlags(["-O"], .when(configuration: .debug))]

/// Small in release builds: what waits for the network, a disk or a person gains nothing from speed.
let compact = strict + [.unsafeFlags(["-Osize"], .when(configuration: .release))]

func module(
    _ name: String, _ dependencies: [Target.Dependency] = [], path: String? = nil, settings: [SwiftSetting] = compact
) -> Target {
    .target(name: name, dependencies: dependencies, path: path, swiftSettings: settings)
}

/// What is installed is small: no symbols for others to link, equal functions once, relocations packed (glibc 2.36).
let small: [LinkerSetting] = [
    .unsafeFlags(
        [
            "-use-ld=lld", "-Xlinker", "--no-export-dynamic", "-Xlinker", "--icf=safe",
            "-Xlinker", "-z", "-Xlinker", "pack-relative-relocs",
        ], .when(configuration: .release))
]

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies, path: "Sources/Programs/\(name)", swiftSettings: strict,
        linkerSettings: small)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: strict)
}

func library(_ name: String, pkgConfig: String, apt: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([apt])])
}

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let flyingSocks = Target.Dependency.product(name: "FlyingSocks", package: "FlyingFox")
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let flyingFox = Target.Dependency.product(name: "FlyingFox", package: "FlyingFox")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")

let package = Package(
    name: "rz",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.1"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
        // As swift-subprocess has it.
        .package(url: "https://github.com/apple/swift-system", from: "1.5.0"),
    ],
    targets: [
        library("CCurl", pkgConfig: "libcurl", apt: "libcurl4-openssl-dev"),
        library("CJSONC", pkgConfig: "json-c", apt: "libjson-c-dev"),
        library("CCrypto", pkgConfig: "libcrypto", apt: "libssl-dev"),
        library("CYAML", pkgConfig: "yaml-0.1", apt: "libyaml-dev"),
        library("CSQLite", pkgConfig: "sqlite3", apt: "libsqlite3-dev"),
        .systemLibrary(name: "CResolver"),
        module("JSON", ["CJSONC"]),
        module("YAML", ["JSON", "CYAML"]),
        module("Digest", ["CCrypto"]),
        module("SafeFiles"),
        module("Threads"),
        module("Transport", ["Threads", "CCurl", "CResolver"]),
        module("Migration", settings: optimised),
        module("Schedules", ["Migration"]),
        module("Operations", ["Migration", "Planning", "Engine"], settings: optimised),
        module("Runbooks", ["Migration", "Operations", "JSON", "YAML", "SafeFiles", "Threads"]),
        module("Journal", ["Migration", "JSON", "Digest", "CSQLite"]),
        module("Planning", ["Migration", "Digest"]),
        module("Engine", ["Migration"], settings: optimised),
        module("Simulation", ["Migration", "Planning", "Engine", "Operations"], settings: optimised),
        module(
            "Provisioning", ["Migration", "JSON", "YAML", "Digest", "SafeFiles", "Threads", subprocess, systemPackage]),
        module("Trust", ["Migration", "Transport"]),
        module("Clusters", ["Migration", "JSON", "YAML", "Schedules", "Digest", "Transport", "Trust", "SafeFiles"]),
        module("LoadBalancing", ["Migration", "Transport", "SafeFiles"]),
        module("Gating", ["Migration", "JSON", "Transport", "Trust"]),
        module("Publishing", ["Migration", "JSON", "Threads"]),
        module("Reporting", ["Migration", "Operations", "JSON"]),
        module("KillPoints", ["Migration"]),
        module(
            "Sandbox",
            ["Migration", "JSON", "YAML", "Schedules", "Transport", "SafeFiles", flyingFox, flyingSocks]),
        module(
            "Commands",
            [
                "Migration", "Runbooks", "Planning", "Engine", "Operations", "Journal", "Provisioning", "Clusters",
                "LoadBalancing",
                "Gating", "Trust", "Publishing", "Reporting", "Simulation", "JSON", "SafeFiles", "Transport",
                "Threads", "Schedules", argumentParser,
            ], path: "Sources/rz"),
        program("rz", ["Commands"]),
        program(
            "rz-sandbox",
            ["Commands", "Sandbox", "Migration", "Planning", "Runbooks", "JSON", "SafeFiles", argumentParser]),
        program("rz-killpoints", ["Commands", "KillPoints"]),
        tests("JSONTests", ["JSON", "Digest"]),
        tests("YAMLTests", ["YAML", "JSON"]),
        tests("MigrationTests", ["Migration", "Operations"]),
        tests("SchedulesTests", ["Schedules", "Migration"]),
        .target(name: "CPowerLoss", dependencies: ["CSQLite"], path: "Tests/CPowerLoss"),
        tests(
            "JournalTests", ["Journal", "Migration", "Operations", "JSON", "CPowerLoss"],
            exclude: ["Samples-b870475", "Golden"]),
        .target(
            name: "TLSTesting", dependencies: ["FreePorts"], path: "Tests/TLSTesting", exclude: ["server.py"],
            swiftSettings: strict),
        tests(
            "TrustTests",
            ["Trust", "Clusters", "Gating", "Runbooks", "Migration", "Transport", "FreePorts", "TLSTesting", "Waiting"]),
        tests(
            "ClustersTests", ["Clusters", "Sandbox", "Migration", "JSON", "YAML", "Transport", "FreePorts", "Waiting"]),
        tests("SimulationTests", ["Simulation", "Migration", "Operations"], exclude: ["Golden"]),
        tests("OperationsTests", ["Operations", "Planning", "Migration"]),
        tests("EngineTests", ["Engine", "Migration", "Operations", "Waiting"]),
        tests("PlanningTests", ["Planning", "Migration", "Operations", "JSON"], exclude: ["Golden"]),
        tests("GatingTests", ["Gating", "Migration", "JSON", "Transport", "FreePorts"]),
        tests("PublishingTests", ["Publishing", "Migration"]),
        tests("ReportingTests", ["Reporting", "Migration", "Operations"], exclude: ["Golden"]),
        tests("SafeFilesTests", ["SafeFiles"]),
        tests("LoadBalancingTests", ["LoadBalancing", "Migration", "Transport", "SafeFiles", "FreePorts", "Waiting"]),
        tests("TransportTests", ["Transport", "TLSTesting", "Waiting"]),
        tests("ProvisioningTests", ["Provisioning", "Migration", "JSON", "Waiting"]),
        tests(
            "FuzzTests",
            [
                "JSON", "Migration", "Operations", "Runbooks", "Journal", "Planning", "Provisioning", "Clusters",
                "LoadBalancing",
                "Publishing", "Reporting", "Sandbox", "Transport",
            ], exclude: ["Samples", "Regressions"]),
        tests("KillPointsTests", ["KillPoints", "Migration"]),
        .target(name: "FreePorts", path: "Tests/FreePorts", swiftSettings: strict),
        .target(name: "Waiting", path: "Tests/Waiting", swiftSettings: strict),
        .target(
            name: "SandboxTesting", dependencies: ["JSON", "Migration", "Transport", "Waiting"],
            path: "Tests/SandboxTesting",
            swiftSettings: strict),
        .executableTarget(
            name: "CrashTests", dependencies: ["SandboxTesting", "JSON", "Migration", "Transport", "Waiting"],
            path: "Tests/CrashTests", exclude: ["bugs.txt"], swiftSettings: strict),
        tests(
            "EndToEndTests",
            [
                "Commands", "SandboxTesting", "FreePorts", "JSON", "Journal", "Migration", "Planning", "Transport",
                "Waiting",
            ],
            exclude: ["Support/recording_proxy.py"]),
        tests(
            "FieldTests", ["SandboxTesting", "FreePorts", "JSON", "Migration", "Transport", "Waiting"],
            exclude: ["Support/servers.py", "Support/users.py"]),
        tests("RunbooksTests", ["Runbooks", "Migration", "Operations", "JSON", "YAML"]),
        tests("SandboxTests", ["Sandbox", "Migration", "JSON", "FreePorts", "Waiting"], exclude: ["Clients"]),
        tests(
            "MesosTests",
            ["SandboxTesting", "Clusters", "Sandbox", "Migration", "JSON", "Transport", "FreePorts", "Waiting"]),
    ]
)
