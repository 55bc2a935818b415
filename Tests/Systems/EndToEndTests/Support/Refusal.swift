import Foundation
import SandboxTesting
import Testing

/// Something that can't work, and what rz has to say of it.
struct Refusal: Sendable, CustomTestStringConvertible {
    struct Edit: Sendable {
        var file = "environments/sandbox/environment.yaml"
        var old: String
        var new: String

        /// Where the address of edge-1's socket begins.
        static let socket = "  - name: edge-1\n    haproxy:\n      socket: \""
    }

    var testDescription: String
    var edits: [Edit] = []
    var arguments = ["plan", "sandbox"]
    var variables: [String: String] = [:]
    var hidesTerraform = false
    /// A folder of the checkout in which everyone may replace files.
    var opens: String?
    /// Programs in that folder that say they were run.
    var plants: [String] = []
    /// Whether the `PATH` begins with that folder.
    var isOnPath = false
    var status: Int32 = 1
    var says: [String]
    var hides: [String] = []

    static let all = [
        Refusal(
            testDescription: "wrong YAML", edits: [Edit(old: "runbook: rz-update", new: "runbook: [rz-update")],
            says: ["environments/sandbox/environment.yaml:", "not valid YAML", "rz validate"]),
        Refusal(
            testDescription: "an unknown key", edits: [Edit(old: "runbook: rz-update", new: "runbok: rz-update")],
            says: ["environment.yaml:5:1", "unknown key \"runbok\"; did you mean \"runbook\"?"]),
        Refusal(
            testDescription: "two mistakes, told at once",
            edits: [Edit(old: "requireClean", new: "requireKlean"), Edit(old: "soak: 1s", new: "soak: soon")],
            arguments: ["update", "sandbox", "--yes"], says: ["requireKlean", "soon"]),
        Refusal(
            testDescription: "a step without a timeout",
            edits: [
                Edit(
                    file: "runbooks/rz-update.yaml", old: "use: configuration, timeout: 60m", new: "use: configuration")
            ],
            arguments: ["update", "sandbox", "--yes"], says: ["rz-update.yaml:", "has no `timeout`"]),
        Refusal(
            testDescription: "a step that changes the old color too early",
            edits: [
                Edit(
                    file: "runbooks/rz-update.yaml", old: "      - { id: ready, use: ready,",
                    new: """
                              - { id: early, exec: { command: [bin/stop-blue], affects: old }, timeout: 1m }
                              - { id: ready, use: ready,
                        """)
            ],
            arguments: ["update", "sandbox", "--yes"],
            says: ["rz-update.yaml:", "early changes the old color in cutOver"]),
        Refusal(
            testDescription: "a destroy that nobody approves",
            edits: [Edit(old: "tearDown: { waived: \"sandbox\" }", new: "tearDown: 0")],
            arguments: ["update", "sandbox", "--yes"], says: ["rz-update.yaml", "no one has to approve"]),
        Refusal(
            testDescription: "a secret that is missing",
            edits: [
                Edit(old: "env.CACHE_HOST: \"{{ agent[0].address }}\"", new: "env.TOKEN: \"${env:RZ_E2E_ABSENT}\"")
            ],
            says: ["RZ_E2E_ABSENT is not set", "${env:RZ_E2E_ABSENT}", "export RZ_E2E_ABSENT"]),
        Refusal(
            testDescription: "a Marathon that is not reachable, its address partly secret",
            edits: [Edit(old: "url: \"http://", new: "url: \"http://127.0.0.1:9/${env:RZ_E2E_TOKEN}/")],
            variables: ["RZ_E2E_TOKEN": "s3cret-path"],
            says: ["Marathon does not answer", "http://127.0.0.1:9/", "See whether it runs"], hides: ["s3cret-path"]),
        Refusal(
            testDescription: "the same, asked by the doctor",
            edits: [Edit(old: "url: \"http://", new: "url: \"http://${env:RZ_E2E_TOKEN}.invalid:9/")],
            arguments: ["doctor", "sandbox"], variables: ["RZ_E2E_TOKEN": "s3cret-host"],
            says: ["Marathon does not answer"],
            hides: ["s3cret-host"]),
        Refusal(
            testDescription: "a load balancer that is not there",
            edits: [Edit(old: Edit.socket, new: Edit.socket + "unix:/nowhere\" #")],
            says: ["edge-1 can't be reached", "unix:/nowhere", "No such file or directory", "See whether HAProxy runs"]),
        Refusal(
            testDescription: "a socket that may only look",
            edits: [
                Edit(old: Edit.socket, new: Edit.socket + "unix:${rz:home}/sandbox/haproxy/user-edge-1.sock\" #")
            ],
            arguments: ["update", "sandbox", "--yes"], status: 5,
            says: ["edge-1: the socket has level user, changes need admin", "`level admin`"]),
        Refusal(
            testDescription: "Terraform absent, and no other way to build servers",
            edits: [Edit(old: "  static: {", new: "  # static: {")], hidesTerraform: true, status: 5,
            says: ["blue was built by Terraform; terraform is not on PATH"]),
        Refusal(
            testDescription: "a checkout that is no repository, where a clean one is required",
            edits: [Edit(old: "requireClean: false", new: "requireClean: true")],
            arguments: ["update", "sandbox", "--yes"], status: 5, says: ["blocks this plan", "not in a Git repository"]),
        Refusal(
            testDescription: "a project in which everyone may replace files", opens: "environments/sandbox", status: 5,
            says: ["The project's folder can't be trusted", "everyone may replace files in it", "Run: chmod -R go-w"]),
        Refusal(
            testDescription: "an Ansible that everyone may have put into the checkout", opens: ".venv/bin",
            plants: ["ansible-playbook"], status: 5,
            says: ["Ansible in the checkout can't be trusted", "everyone may replace files in it", "chmod -R go-w"],
            hides: ["planted"]),
        Refusal(
            testDescription: "a Terraform that everyone may have put into a folder of the PATH", opens: "tools",
            plants: ["terraform"], isOnPath: true, status: 5,
            says: ["terraform can't be trusted", "everyone may replace files in it", "chmod -R go-w"],
            hides: ["planted"]),
        Refusal(
            testDescription: "a Git that everyone may have put into a folder of the PATH", opens: "tools",
            plants: ["git"], isOnPath: true, status: 5,
            says: ["git can't be trusted", "everyone may replace files in it", "chmod -R go-w"], hides: ["planted"]),
        Refusal(
            testDescription: "an environment that does not exist", arguments: ["plan", "sandbocks"],
            says: ["no environment sandbocks", "Did you mean sandbox?"]),
        Refusal(
            testDescription: "a plan file that is none", arguments: ["update", "--plan", "/etc/hostname"],
            says: ["not a plan", "/etc/hostname", "rz plan"]),
        Refusal(
            testDescription: "nobody there to say yes", arguments: ["update", "sandbox"], status: 5,
            says: ["not a terminal", "--yes"]),
        Refusal(testDescription: "nothing to resume", arguments: ["resume"], status: 5, says: ["has had no run yet"]),
    ]
}
