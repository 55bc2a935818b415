import Migration
import Testing

@Suite("Tasks that runs put into a backend")
struct TasksRegisteredTests {
    private let inventory = Inventory(groups: [
        "agent": [
            Host(name: "green-agent-1", address: "10.2.0.21"),
            Host(name: "green-agent-2", address: "10.2.0.22", variables: ["hostname": "ag2.example.org"]),
        ]
    ])

    private func servers(
        _ tasks: [ServiceTask], port: String = "0", name: String = "{{ name }}"
    ) throws(Failure) -> [RegisteredServer] {
        try ServerRegistration(.tasks("/shop/web"), port: port, name: name, matches: "green-*")
            .servers(of: inventory, tasks: tasks)
    }

    @Test("are listed at the port that each was given, under the name of the server that it runs on")
    func listed() throws {
        let tasks = [
            ServiceTask(host: "10.2.0.21", ports: [.init(31_007, name: "http"), .init(31_008, name: "admin")]),
            ServiceTask(host: "ag2.example.org", ports: [.init(31_222, name: "http"), .init(31_223, name: "admin")]),
        ]
        #expect(
            try servers(tasks) == [
                RegisteredServer(name: "green-agent-1", address: "10.2.0.21:31007"),
                RegisteredServer(name: "green-agent-2", address: "10.2.0.22:31222"),
            ])
        #expect(try servers(tasks, port: "1").map(\.address) == ["10.2.0.21:31008", "10.2.0.22:31223"])
        #expect(
            try servers(tasks, port: "admin", name: "{{ name }}-{{ port }}").map(\.name)
                == ["green-agent-1-31008", "green-agent-2-31223"])
    }

    @Test("are refused on a server that is not one of the color's, without the port, or with one name twice")
    func refused() throws {
        let task = ServiceTask(host: "10.2.0.21", ports: [.init(31_007)])
        let elsewhere = #expect(throws: Failure.self) {
            try servers([ServiceTask(host: "10.1.0.21", ports: [.init(31_007)])])
        }
        #expect(elsewhere?.summary == "A task of /shop/web runs on 10.1.0.21, which is not one of the color's servers")
        #expect(throws: Failure.self) { try servers([task], port: "1") }
        #expect(throws: Failure.self) { try servers([task], port: "http") }
        let twice = #expect(throws: Failure.self) { try servers([task, task]) }
        #expect(twice?.advice?.contains("{{ name }}-{{ port }}") == true)
    }

    @Test("that are none leave no backend empty")
    func none() throws {
        let rule = TrafficRule(
            backend: "be", servers: [.blue: "blue-*", .green: "green-*"],
            registration: [.green: ServerRegistration(.tasks("/shop/web"), port: "0", name: "green-{{ name }}")])
        #expect([rule].servicesRegistered(of: .green) == ["/shop/web"])
        #expect([rule].servicesRegistered(of: .blue) == [])
        let failure = #expect(throws: Failure.self) { try [rule].registered(.green, of: inventory, on: ["edge-1"]) }
        #expect(failure?.summary.hasPrefix("No healthy task of /shop/web runs in green") == true)
        #expect(failure?.kind == .transient)
        let task = ServiceTask(host: "10.2.0.21", ports: [.init(31_007)])
        #expect(
            try [rule].registered(.green, of: inventory, tasks: ["/shop/web": [task]], on: ["edge-1"]) == [
                "edge-1": ["be": [RegisteredServer(name: "green-green-agent-1", address: "10.2.0.21:31007")]]
            ])
    }
}
