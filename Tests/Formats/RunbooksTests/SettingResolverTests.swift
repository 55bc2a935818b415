import Foundation
import Migration
import Runbooks
import Testing

@Suite("A setting that refers to things outside the file")
struct SettingResolverTests {
    private let project: Project

    init() throws { project = try Project() }

    private func resolver(_ variables: [String: String] = [:]) -> SettingResolver {
        SettingResolver(environmentFolder: project.root, rzHome: "/home/rz", variables: variables)
    }

    @Test("becomes the text of variables and files, one line end less")
    func resolve() throws {
        try project.write("hunter2\n\n", to: "password")
        try project.write("dos-secret\r\n", to: "dos")
        try project.write("  spaced  ", to: "spaced")
        let resolver = resolver(["USER": "karl"])
        #expect(try resolver.resolve("${env:USER}@${rz:home}/x") == "karl@/home/rz/x")
        #expect(try resolver.resolve("${file:password}") == "hunter2\n")
        #expect(try resolver.resolve("${file:dos}") == "dos-secret")
        #expect(try resolver.resolve("${file:spaced}") == "  spaced  ")
        #expect(try resolver.resolve(Setting("${file:\(project.root)/password}")) == "hunter2\n")
        #expect(try resolver.resolve("plain $x {y} ${open" as Setting) == "plain $x {y} ${open")
        #expect(try resolver.resolver(Setting("${rz:home}")) == "/home/rz")
    }

    @Test("may have references in its names")
    func nested() throws {
        try project.write("4711\n", to: "sandbox/port")
        let resolver = SettingResolver(environmentFolder: "/nowhere", rzHome: project.root, variables: ["D": "sandbox"])
        #expect(try resolver.resolve("tcp:h:${file:${rz:home}/${env:D}/port}") == "tcp:h:4711")
    }

    @Test("is remembered as a secret, except ports and rz's home")
    func secrets() throws {
        try project.write("s3cr3t-file\n", to: "password")
        try project.write("54321\n", to: "port")
        try project.write("123456\n", to: "pin")
        try project.write("-----BEGIN KEY-----\nMIIEvQIBADANBg\n-----END KEY-----\n", to: "key")
        let resolver = resolver(["TOKEN": "s3cr3t-env"])
        for name in ["${env:TOKEN}", "${file:password}", "${file:port}", "${file:pin}", "${file:key}", "${rz:home}"] {
            _ = try resolver.resolve(Setting(name))
        }
        let text = "s3cr3t-env s3cr3t-file 54321 123456 /home/rz MIIEvQIBADANBg"
        let mask = Secrets.mask
        #expect(resolver.secrets.redact(text) == "\(mask) \(mask) 54321 \(mask) /home/rz \(mask)")
    }

    @Test("is remembered as a secret before anything needs it, wherever it stands")
    func remembered() throws {
        try project.write("s3cr3t-file\n", to: "password")
        let resolver = resolver([
            "TOKEN": "s3cr3t-env", "VAULT_TOKEN": "s3cr3t-vault", "EDITOR": "vi-improved", "X_TOKEN": "short",
            "PWD": "/home/anna/shop",
        ])
        let parts = [
            "api": "http://user:s3cr3t-url@host/x", "header": "Bearer ${env:TOKEN}", "list": "${file:password}",
            "missing": "${env:NOPE} ${file:nowhere}", "login": "http://user:${env:TOKEN}@host/",
        ]
        try resolver.remember(referencesOf: parts)
        let text = "s3cr3t-url s3cr3t-env s3cr3t-file s3cr3t-vault vi-improved short /home/anna/shop"
        let mask = Secrets.mask
        #expect(resolver.secrets.redact(text) == "\(mask) \(mask) \(mask) \(mask) vi-improved short /home/anna/shop")
    }

    @Test("is checked before anything needs it, each reference once, never with a value")
    func check() throws {
        try project.write("hunter2-secret", to: "password")
        var environment = Environment(name: "shop")
        environment.provision.terraform = TerraformRoot(
            root: "t",
            variables: [
                "a": "${env:ABSENT}", "b": "x${env:ABSENT}y", "c": "${file:password}", "d": "${file:nowhere}",
                "e": "${file:{{ control[0].name }}}", "f": "${rz:home}/x",
            ])
        let found = try resolver().check(referencesOf: environment)
        #expect(found.map(\.reference.text) == ["${env:ABSENT}", "${file:nowhere}", "${file:password}"])
        #expect(found.map { $0.problem == nil } == [false, false, true])
        #expect(!"\(found)".contains("hunter2"))
    }

    @Test("names the variable or the file that is missing")
    func missing() throws {
        let resolver = resolver(["EMPTY": ""])
        let unset = #expect(throws: Failure.self) { try resolver.resolve("${env:NOPE}") }
        #expect(unset?.summary == "The environment variable NOPE is not set")
        #expect(unset?.kind == .permanent)
        #expect(unset?.advice == "Set it, for example with: export NOPE=…")
        let empty = #expect(throws: Failure.self) { try resolver.resolve("${env:EMPTY}") }
        #expect(empty?.summary == "The environment variable EMPTY is empty")
        let file = #expect(throws: Failure.self) { try resolver.resolve("${file:nope}") }
        #expect(file?.place == "${file:nope}, which is \(project.root)/nope")
        #expect(file?.kind == .permanent)
        let foreign = #expect(throws: Failure.self) { try resolver.resolve("${vault:x}") }
        #expect(foreign?.summary == "“${vault:x}” refers to nothing known")
    }

    @Test(
        "is refused when it is not a plain file of text",
        arguments: [
            ("/dev/zero", "What a setting refers to is no file of at most 1 MiB"),
            ("/", "What a setting refers to is no file of at most 1 MiB"),
            ("binary", "A file that a setting refers to is not UTF-8 text"),
            ("circle", "A file that a setting refers to can't be reached"),
        ])
    func noFile(path: String, summary: String) throws {
        try project.write([0xFF, 0xFE], to: "binary")
        try FileManager.default.createSymbolicLink(atPath: project.root + "/circle", withDestinationPath: "circle")
        let failure = #expect(throws: Failure.self) { try resolver().resolve(Setting("${file:\(path)}")) }
        #expect(failure?.summary == summary)
    }

    @Test("never shows in an error what another reference became")
    func secretsInErrors() throws {
        let resolver = resolver(["TOKEN": "s3cr3t-env"])
        for name in ["${file:/x/${env:TOKEN}}", "${env:${env:TOKEN}}", "${vault:${env:TOKEN}}"] {
            let failure = #expect(throws: Failure.self) { try resolver.resolve(Setting(name)) }
            #expect(failure?.description.contains("s3cr3t-env") == false)
            #expect(failure?.description.contains("${env:TOKEN}") == true)
        }
    }

    @Test("can be resolved by many tasks at once")
    func concurrently() async throws {
        let variables = Dictionary(uniqueKeysWithValues: (0..<50).map { ("V\($0)", "value-\($0)-of-fifty") })
        let resolver = resolver(variables)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for name in variables.keys { group.addTask { _ = try resolver.resolve(Setting("${env:\(name)}")) } }
            try await group.waitForAll()
        }
        #expect(variables.values.allSatisfy { resolver.secrets.redact($0) == Secrets.mask })
    }
}
