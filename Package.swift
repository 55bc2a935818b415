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

/// Folders of Sources and of Tests are floors. docs/architecture.md says what each has, and what it stands on.
func module(
    _ name: String, in floor: String, _ dependencies: [Target.Dependency] = [], settings: [SwiftSetting] = compact
) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/\(floor)/\(name)", swiftSettings: settings)
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

func tests(
    _ name: String, in floor: String, _ dependencies: [Target.Dependency], exclude: [String] = []
) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, path: "Tests/\(floor)/\(name)", exclude: exclude, swiftSettings: strict)
}

/// What several test targets use.
func support(_ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Tests/Support/\(name)", exclude: exclude, swiftSettings: strict)
}

func library(_ name: String, pkgConfig: String, apt: String) -> Target {
    .systemLibrary(name: name, path: "Sources/Base/\(name)", pkgConfig: pkgConfig, providers: [.apt([apt])])
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
        library("CExpat", pkgConfig: "expat", apt: "libexpat1-dev"),
        library("CSQLite", pkgConfig: "sqlite3", apt: "libsqlite3-dev"),
        .systemLibrary(name: "CResolver", path: "Sources/Base/CResolver"),
        module("JSON", in: "Base", ["CJSONC"]),
        module("YAML", in: "Base", ["JSON", "CYAML"]),
        module("XML", in: "Base", ["CExpat"]),
        module("Digest", in: "Base", ["CCrypto"]),
        module("SafeFiles", in: "Base"),
        module("Threads", in: "Base"),
        module("Transport", in: "Base", ["Threads", "CCurl", "CResolver"]),
        module("Migration", in: "Core", settings: optimised),
        module("Schedules", in: "Core", ["Migration"]),
        module("Operations", in: "Core", ["Migration", "Schedules", "Planning", "Engine"], settings: optimised),
        module(
            "Runbooks", in: "Formats", ["Migration", "Schedules", "Operations", "JSON", "YAML", "SafeFiles", "Threads"]),
        module("Journal", in: "Stores", ["Migration", "JSON", "Digest", "CSQLite"]),
        module("Planning", in: "Core", ["Migration", "Schedules", "Digest"]),
        module("Engine", in: "Core", ["Migration"], settings: optimised),
        module("Simulation", in: "Proof", ["Migration", "Planning", "Engine", "Operations"], settings: optimised),
        module(
            "Provisioning", in: "Drivers",
            [
                "Migration", "JSON", "YAML", "Digest", "SafeFiles", "Schedules", "Threads", "Transport", subprocess,
                systemPackage,
            ]),
        module("Trust", in: "Drivers", ["Migration", "Transport"]),
        module(
            "Clusters", in: "Drivers",
            ["Migration", "JSON", "YAML", "Schedules", "Digest", "Transport", "Trust", "SafeFiles"]),
        module(
            "LoadBalancing", in: "Drivers", ["Migration", "JSON", "YAML", "XML", "Transport", "Trust", "SafeFiles"]),
        module("Gating", in: "Drivers", ["Migration", "JSON", "Transport", "Trust"]),
        module("Publishing", in: "Views", ["Migration", "JSON", "Threads"]),
        module("Reporting", in: "Views", ["Migration", "Operations", "JSON"]),
        module("KillPoints", in: "Proof", ["Migration"]),
        .target(
            name: "Sandbox",
            dependencies: ["Migration", "JSON", "YAML", "Schedules", "Transport", "SafeFiles", flyingFox, flyingSocks],
            swiftSettings: compact),
        .target(
            name: "Commands",
            dependencies: [
                "Migration", "Runbooks", "Planning", "Engine", "Operations", "Journal", "Provisioning", "Clusters",
                "LoadBalancing",
                "Gating", "Trust", "Publishing", "Reporting", "Simulation", "JSON", "SafeFiles", "Transport",
                "Threads", "Schedules", argumentParser,
            ],
            path: "Sources/rz", swiftSettings: compact),
        program("rz", ["Commands"]),
        program(
            "rz-sandbox",
            ["Commands", "Sandbox", "Migration", "Planning", "Runbooks", "JSON", "SafeFiles", argumentParser]),
        program("rz-killpoints", ["Commands", "KillPoints"]),
        tests("JSONTests", in: "Base", ["JSON", "Digest"]),
        tests("XMLTests", in: "Base", ["XML"]),
        tests("YAMLTests", in: "Base", ["YAML", "JSON"]),
        tests("MigrationTests", in: "Core", ["Migration", "Operations"]),
        tests("SchedulesTests", in: "Core", ["Schedules", "Migration"]),
        .target(name: "CPowerLoss", dependencies: ["CSQLite"], path: "Tests/Support/CPowerLoss"),
        tests(
            "JournalTests", in: "Stores", ["Journal", "Migration", "Operations", "JSON", "CPowerLoss", "Waiting"],
            exclude: ["Samples-b870475", "Golden"]),
        support("TLSTesting", ["FreePorts"], exclude: ["server.py"]),
        tests(
            "TrustTests", in: "Drivers",
            [
                "Trust", "Clusters", "Gating", "Runbooks", "Migration", "Transport", "FreePorts", "RedisTesting",
                "TLSTesting", "Waiting",
            ]),
        tests(
            "ClustersTests", in: "Drivers",
            ["Clusters", "Sandbox", "Migration", "JSON", "YAML", "Transport", "FreePorts", "RedisTesting", "Waiting"],
            exclude: ["Policies/collected-verdicts.tsv"]),
        tests("SimulationTests", in: "Proof", ["Simulation", "Migration", "Operations"], exclude: ["Golden"]),
        tests("OperationsTests", in: "Core", ["Operations", "Planning", "Migration", "Waiting"]),
        tests("EngineTests", in: "Core", ["Engine", "Planning", "Migration", "Operations", "Waiting"]),
        tests("PlanningTests", in: "Core", ["Planning", "Migration", "Operations", "JSON"], exclude: ["Golden"]),
        tests(
            "GatingTests", in: "Drivers",
            [
                "Gating", "Migration", "JSON", "Transport", "FreePorts", "PrometheusTesting", "RedisTesting", "Waiting",
            ]),
        tests("PublishingTests", in: "Views", ["Publishing", "Migration"]),
        tests("ReportingTests", in: "Views", ["Reporting", "Migration", "Operations", "JSON"], exclude: ["Golden"]),
        tests("SafeFilesTests", in: "Base", ["SafeFiles"]),
        tests(
            "LoadBalancingTests", in: "Drivers",
            [
                "ALBTesting", "LoadBalancing", "JSON", "Migration", "Transport", "SafeFiles", "FreePorts",
                "HAProxyPrograms", "RedisTesting", "TLSTesting", "Waiting", "XML",
            ]),
        tests("TransportTests", in: "Base", ["Transport", "TLSTesting", "Waiting"]),
        tests(
            "ProvisioningTests", in: "Drivers", ["Provisioning", "Migration", "JSON", "FreePorts", "Waiting"],
            exclude: ["Backends/state-server.py", "Backends/postgres.py", "Backends/aws.py"]),
        tests(
            "FuzzTests", in: "Proof",
            [
                "JSON", "Migration", "Operations", "Runbooks", "Journal", "Planning", "Provisioning", "Clusters",
                "LoadBalancing",
                "Publishing", "Reporting", "Sandbox", "Transport", "XML",
            ], exclude: ["Samples", "Regressions"]),
        tests("KillPointsTests", in: "Proof", ["KillPoints", "Migration"]),
        support("ALBTesting", ["FreePorts", "Waiting"], exclude: ["alb.py"]),
        support("FreePorts"),
        support("HAProxyPrograms"),
        support("PrometheusTesting", ["FreePorts"]),
        support("RedisTesting", ["FreePorts", "TLSTesting", "Transport", "Waiting"]),
        support("Waiting"),
        support("SandboxTesting", ["JSON", "Migration", "Transport", "Waiting"]),
        .executableTarget(
            name: "CrashTests", dependencies: ["SandboxTesting", "JSON", "Migration", "Transport", "Waiting"],
            path: "Tests/Proof/CrashTests", exclude: ["bugs.txt"], swiftSettings: strict),
        tests(
            "EndToEndTests", in: "Systems",
            [
                "ALBTesting", "Commands", "SandboxTesting", "FreePorts", "HAProxyPrograms", "JSON", "Journal",
                "Migration",
                "Planning", "PrometheusTesting", "RedisTesting", "Runbooks", "Transport", "Waiting",
            ],
            exclude: ["Support/recording_proxy.py"]),
        tests(
            "FieldTests", in: "Systems", ["SandboxTesting", "FreePorts", "JSON", "Migration", "Transport", "Waiting"],
            exclude: ["Support/lives.py", "Support/servers.py", "Support/users.py"]),
        tests("RunbooksTests", in: "Formats", ["Runbooks", "Migration", "Operations", "JSON", "YAML"]),
        tests(
            "SandboxTests", in: "Sandbox", ["Sandbox", "Migration", "JSON", "FreePorts", "Waiting"],
            exclude: ["Clients"]),
        tests(
            "MesosTests", in: "Systems",
            [
                "SandboxTesting", "Clusters", "Sandbox", "Migration", "JSON", "Transport", "TLSTesting", "FreePorts",
                "Waiting",
            ]),
    ]
)
