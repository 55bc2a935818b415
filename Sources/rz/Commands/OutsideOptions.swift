import ArgumentParser
import FoundationEssentials
import Glibc
import Migration
import Runbooks

/// What an environment that is begun has around it, and where it is begun.
struct OutsideOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "A load balancer and its admin socket, unix:/path or tcp:host:port; once for each.",
            valueName: "name=socket"))
    var loadBalancer: [String] = []

    @Option(
        name: .long,
        help: ArgumentHelp(
            "What launches services: marathon, metronome, chronos or compose; once for each.", valueName: "kind=url"))
    var framework: [String] = []

    @Option(name: .long, help: ArgumentHelp("The Mesos master, if it can be asked.", valueName: "url"))
    var mesos: String?

    @Option(
        name: .long,
        help: ArgumentHelp("The folder to begin it in; by default $RZ_ROOT or the current one.", valueName: "dir"))
    var root: String?

    func loadBalancers() throws(Failure) -> [EnvironmentTemplate.LoadBalancer] {
        try loadBalancer.map { text throws(Failure) in try EnvironmentTemplate.LoadBalancer(text) }
    }

    func frameworks() throws(Failure) -> [EnvironmentTemplate.Framework] {
        try framework.map { text throws(Failure) in try EnvironmentTemplate.Framework(text) }
    }

    func mesosURL() throws(Failure) -> String? {
        try mesos.map { text throws(Failure) in try EnvironmentTemplate.url(text) }
    }

    /// The absolute path of the folder to begin it in.
    var folder: String {
        let chosen = root ?? ProcessInfo.processInfo.environment["RZ_ROOT"]
        return URL(filePath: chosen ?? FileManager.default.currentDirectoryPath).standardizedFileURL.path
    }

    /// Whether commands that are typed next find the project by themselves.
    var isFound: Bool {
        root == nil || folder == URL(filePath: FileManager.default.currentDirectoryPath).standardizedFileURL.path
    }
}
