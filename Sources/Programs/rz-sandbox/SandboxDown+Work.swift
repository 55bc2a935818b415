import Commands
import Glibc
import Sandbox

extension SandboxDown: SandboxWork {
    func perform() async throws -> ExitStatus {
        let places = try Places.trusted()
        let ended = try await DataCentre.remove(
            rzHome: places.home,
            also: [places.state(of: "sandbox")]
                + ["", "-wal", "-shm"].map { "\(places.home)/journal/sandbox.sqlite\($0)" })
        // Folders that only the sandbox had filled.
        for folder in ["environments", "journal", ""] { rmdir("\(places.home)/\(folder)") }
        Terminal.standardOutput.write(
            ended.map { "The sandbox is gone: \($0) processes ended.\n" }
                ?? "There is no sandbox in \(places.home).\n")
        return .done
    }
}
