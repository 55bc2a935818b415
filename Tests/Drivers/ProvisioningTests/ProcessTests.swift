import Foundation
import Migration
import Testing
import Waiting

@testable import Provisioning

func shell(_ script: String, in folder: Folder, stopping: Stopping = Stopping(), deadline: Period = .minutes(1))
    -> ChildProcess
{
    ChildProcess(
        Command(
            "/bin/sh", ["-c", script], environment: ["PATH": "/usr/bin:/bin", "WORLD": folder.path],
            folder: folder.path,
            deadline: deadline, stopping: stopping))
}

/// A program that never ends, to be recognised by its argument.
private let forever = #"sh -c 'while :; do sleep 0.1; done' "$WORLD""#

@Suite("A child process")
struct ChildProcessTests {
    @Test("reports its lines, its exit code, and knows only the environment it was given")
    func simple() async throws {
        try await withFolder { folder in
            let output = try OutputFile(path: folder["log"])
            let lines = Lines()
            let end = try await shell("echo one; env | sort | head -1 | cut -c1-5; printf last; exit 3", in: folder)
                .run(output: output) { await lines.append($0) }
            #expect(end == ProcessEnd(status: .exited(3), reason: .itself))
            #expect(await lines.all == ["one", "PATH=", "last"])
            #expect(folder.text("log") == "one\nPATH=\nlast")
            let mode = try FileManager.default.attributesOfItem(atPath: folder["log"])[.posixPermissions] as? Int
            #expect(mode == 0o600)
        }
    }

    @Test("is asked to stop by a cancellation, and is waited for while it saves its work")
    func gentle() async throws {
        try await withFolder { folder in
            let output = try OutputFile()
            let child = shell(
                "trap 'echo stopping; sleep 0.3; touch saved; exit 7' INT; touch begun; while :; do sleep 0.05; done",
                in: folder)
            let running = Task { try await child.run(output: output) }
            try await eventually("the child") { folder.exists("begun") }
            running.cancel()
            #expect(try await running.value == ProcessEnd(status: .exited(7), reason: .cancelled))
            #expect(folder.exists("saved"))
            #expect(output.text() == "stopping\n")
        }
    }

    @Test("that ignores every request is killed, with all that is left of its session")
    func stubborn() async throws {
        try await withFolder { folder in
            let child = shell(
                "trap '' INT TERM; \(forever) & touch begun; while :; do sleep 0.05; done", in: folder,
                stopping: Stopping(afterInterrupt: .zero, afterTerminate: .zero))
            let running = Task { try await child.run(output: try OutputFile()) }
            try await eventually("the child") { folder.exists("begun") }
            running.cancel()
            let end = try await running.value
            #expect(end == ProcessEnd(status: .signaled(SIGKILL), reason: .cancelled))
            try await eventually("its children to be gone") { !isRunning(folder.path) }
        }
    }

    @Test("that obeys is swept up after: what it left in its session is killed")
    func orphans() async throws {
        try await withFolder { folder in
            let child = shell(
                "trap 'exit 0' INT; \(forever) & touch begun; while :; do sleep 0.05; done", in: folder,
                stopping: Stopping(signalsGroup: false))
            let running = Task { try await child.run(output: try OutputFile()) }
            try await eventually("the child") { folder.exists("begun") && isRunning(folder.path) }
            running.cancel()
            #expect(try await running.value == ProcessEnd(status: .exited(0), reason: .cancelled))
            try await eventually("its children to be gone") { !isRunning(folder.path) }
        }
    }

    @Test("that takes too long is stopped")
    func late() async throws {
        try await withFolder { folder in
            let end = try await shell("exec sleep 600", in: folder, deadline: Period(milliseconds: 50))
                .run(output: try OutputFile())
            #expect(end == ProcessEnd(status: .signaled(SIGINT), reason: .late))
        }
    }

    @Test("may leave a daemon behind when it ends well")
    func daemon() async throws {
        try await withFolder { folder in
            let end = try await shell("(while ! test -e gate; do sleep 0.05; done; touch done) & exit 0", in: folder)
                .run(output: try OutputFile())
            #expect(end.isSuccess)
            try folder.write("gate", "")
            try await eventually("the daemon") { folder.exists("done") }
        }
    }

    @Test("is not begun at all in a task that is cancelled already")
    func cancelledBefore() async throws {
        try await withFolder { folder in
            let running = Task {
                while !Task.isCancelled { await Task.yield() }
                return try await shell("touch begun", in: folder).run(output: try OutputFile())
            }
            running.cancel()
            let failure = try await failure { _ = try await running.value }
            #expect(failure.kind == .cancelled && !folder.exists("begun"))
        }
    }

    @Test("that is not there is named", arguments: ["no-such-program", "./no/such/program"])
    func missing(_ name: String) async throws {
        let command = Command(name, [], environment: ["PATH": "/usr/bin"], folder: "/")
        let failure = try await failure { _ = try await ChildProcess(command).run(output: try OutputFile()) }
        #expect(failure.summary.contains(name) && failure.kind == .permanent)
    }

    @Test("is known by its record while it runs, and its number alone is not enough")
    func record() async throws {
        try await withFolder { folder in
            let record = ProcessRecord(path: folder["running"])
            let running = Task {
                try await shell("while ! test -e gate; do sleep 0.02; done", in: folder)
                    .run(output: try OutputFile(), record: record)
            }
            try await eventually("the record") { record.running != nil }
            let process = try #require(record.running)
            let other = ProcessRecord(path: try folder.write("other", "\(process) 1\n"))
            #expect(other.running == nil)
            try folder.write("gate", "")
            #expect(try await running.value.isSuccess)
            #expect(record.running == nil && !folder.exists("running"))
        }
    }

    @Test("writes a hundred thousand lines: all are kept, and those that are shown arrive in order")
    func manyLines() async throws {
        try await withFolder { folder in
            let lines = Lines()
            let output = try OutputFile()
            let end = try await shell("seq 100000", in: folder).run(output: output) { await lines.append($0) }
            #expect(end.isSuccess)
            #expect(output.lines() == (1...100_000).map(String.init))
            let shown = await lines.all.compactMap { Int($0) }
            #expect(shown == shown.sorted())
            #expect(shown.last == 100_000)
        }
    }
}

@Suite("A program that an operator runs as a step")
struct CommandStepRunnerTests {
    private let inventory = Inventory(groups: ["control": [Host(name: "green-control-1", address: "127.0.12.10")]])

    private func runner(_ folder: Folder, secrets: [String: String] = [:]) -> CommandStepRunner {
        CommandStepRunner(
            environmentFolder: folder.path, logFolder: folder["logs"], resolve: resolver(secrets)
        ) { work, _ throws(Failure) in throw Failure("called \(work.url)") }
    }

    @Test("runs in the environment's folder, with the new servers filled in and secrets masked")
    func fills() async throws {
        try await withFolder { folder in
            try folder.write("hello.sh", "#!/bin/sh\necho $1 $TOKEN; pwd\n", executable: true)
            let lines = Lines()
            let work = ExecWork(
                command: ["./hello.sh", "{{ control[0].address }}"], variables: ["TOKEN": "${env:TOKEN}"])
            _ = try await runner(folder, secrets: ["TOKEN": "s3cret"]).run(
                work, inventory: inventory, report: lines.report)
            #expect(await lines.all == ["127.0.12.10 •••", folder.path])
            #expect(folder.text("logs/hello.sh.log") == "127.0.12.10 •••\n\(folder.path)\n")
        }
    }

    @Test("may be given a secret that looks like a template")
    func secretTemplate() async throws {
        try await withFolder { folder in
            let lines = Lines()
            let work = ExecWork(command: ["echo", "{{ control[0].name }}", "${env:TOKEN}"])
            _ = try await runner(folder, secrets: ["TOKEN": "{{ s3cret"]).run(
                work, inventory: inventory, report: lines.report)
            #expect(await lines.all == ["green-control-1 •••"])
        }
    }

    @Test("fails with its code and its last words")
    func fails() async throws {
        try await withFolder { folder in
            let work = ExecWork(command: ["sh", "-c", "echo no space left >&2; exit 9"])
            let failure = try await failure {
                _ = try await runner(folder).run(work, inventory: inventory) { _ in }
            }
            #expect(failure.summary == "sh failed: it ended with code 9")
            #expect(failure.details == ["no space left"])
        }
    }

    @Test("leaves requests to the one who can make them")
    func call() async throws {
        try await withFolder { folder in
            let failure = try await failure {
                _ = try await runner(folder).call(HTTPWork(url: "http://x"), inventory: inventory)
            }
            #expect(failure.summary == "called http://x")
        }
    }
}

@Suite("A program left behind by an rz that was killed")
struct LeftoverTests {
    @Test("is ended, gently first, and its record removed")
    func ended() async throws {
        try await withFolder { folder in
            let record = ProcessRecord(path: folder["running"])
            let child = shell("trap 'touch saved; exit 0' INT; touch begun; while :; do sleep 0.02; done", in: folder)
            let running = Task { try await child.run(output: try OutputFile(), record: record) }
            try await eventually("the child") { folder.exists("begun") && record.running != nil }
            try await record.waitForLeftover(deadline: .minutes(1), atOnce: true, stopping: Stopping())
            #expect(folder.exists("saved") && !folder.exists("running"))
            #expect(try await running.value.isSuccess)
        }
    }

    @Test("whose number now belongs to another process is no concern")
    func anothersNumber() async throws {
        try await withFolder { folder in
            let record = ProcessRecord(path: try folder.write("running", "\(getpid()) 1\n"))
            try await record.waitForLeftover(deadline: .minutes(1), atOnce: true, stopping: Stopping())
            #expect(!folder.exists("running"))
        }
    }
}

@Suite("Static servers")
struct StaticProvisionerTests {
    private func provisioner(_ folder: Folder, _ servers: StaticServers) -> StaticProvisioner {
        StaticProvisioner(
            servers, environmentFolder: folder.path, stateFolder: folder["state"], resolve: resolver())
    }

    @Test("by a program are built, reported and destroyed")
    func program() async throws {
        try await withFolder { folder in
            try folder.write(
                "servers.sh",
                """
                #!/bin/sh
                case $1 in
                  apply) echo making $2; touch made-$2 ;;
                  destroy) rm made-$2 ;;
                  output) echo noise >&2
                    if test -e made-$2; then echo '{"agent":[{"name":"'$2'-1","address":"127.0.0.1","rack":3}]}'
                    else echo '{}'; fi ;;
                esac
                """, executable: true)
            let provisioner = provisioner(folder, StaticServers(command: ["./servers.sh"]))
            #expect(try await provisioner.observeServers(.blue).isEmpty)
            #expect(try await !provisioner.observeChanges(.blue).isEmpty)
            let lines = Lines()
            let built = try await provisioner.build(.blue, report: lines.report)
            #expect(
                built.hosts == [
                    Host(name: "blue-1", address: "127.0.0.1", variables: ["rack": "3"], structured: ["rack"])
                ])
            #expect(await lines.all == ["making blue"])
            #expect(try await provisioner.observeChanges(.blue).isEmpty)
            try await provisioner.buildDisks { _ in }
            #expect(folder.exists("made-disks"))
            try await provisioner.destroy(.blue) { _ in }
            #expect(try await provisioner.observeServers(.blue).isEmpty)
            let failure = try await failure { try await provisioner.destroy(.blue) { _ in } }
            #expect(failure.summary == "servers.sh failed to destroy blue: it ended with code 1")
        }
    }

    @Test("of a fixed list are there, and stay")
    func fixed() async throws {
        try await withFolder { folder in
            let blue = Inventory(groups: ["agent": [Host(name: "a", address: "127.0.0.1")]])
            let provisioner = provisioner(folder, StaticServers(servers: [.blue: blue]))
            let lines = Lines()
            #expect(try await provisioner.build(.blue, report: lines.report) == blue)
            try await provisioner.destroy(.blue, report: lines.report)
            #expect(await lines.all == ["the servers of blue are a fixed list: nothing is destroyed"])
            let failure = try await failure { _ = try await provisioner.build(.green) { _ in } }
            #expect(failure.summary == "There are no servers in green")
        }
    }

    @Test("whose program prints no inventory are an error")
    func noInventory() async throws {
        try await withFolder { folder in
            let provisioner = provisioner(folder, StaticServers(command: ["echo", "hello"]))
            let failure = try await failure { _ = try await provisioner.observeServers(.blue) }
            #expect(failure.summary == "The inventory can't be read")
        }
    }
}
