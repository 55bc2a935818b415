import Foundation

/// A HAProxy that tests run on: the system's, or one that `scripts/haproxy-for-tests` put into the checkout.
package struct HAProxyProgram: Sendable, Hashable, CustomStringConvertible {
    package let path: String
    /// `2.6.12-1+deb12u4`.
    package let version: String

    package var description: String { "HAProxy \(version)" }

    /// All of this machine, each version once, oldest first; for tests that are run on each.
    package static let all: [HAProxyProgram] = {
        let kept = (try? FileManager.default.contentsOfDirectory(atPath: checkout + ".haproxies")) ?? []
        let paths = system + kept.map { checkout + ".haproxies/\($0)/haproxy" }
        var versions: Set<String> = []
        return paths.compactMap(HAProxyProgram.init(at:)).filter { versions.insert($0.version).inserted }
            .sorted { $0.release.lexicographicallyPrecedes($1.release) }
    }()

    /// The newest whose version begins so.
    package static func newest(_ prefix: String) -> HAProxyProgram? { all.last { $0.version.hasPrefix(prefix) } }

    package func isAtLeast(_ major: Int, _ minor: Int) -> Bool { !release.lexicographicallyPrecedes([major, minor]) }

    /// `[2, 6, 12]`, of what is before the first hyphen.
    private var release: [Int] { version.prefix { $0 != "-" }.split(separator: ".").compactMap { Int($0) } }

    /// Nil where none runs there.
    private init?(at path: String) {
        guard access(path, X_OK) == 0 else { return nil }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = ["-v"]
        let pipe = Pipe()
        process.standardOutput = pipe
        guard (try? process.run()) != nil else { return nil }
        // HAProxy version 2.6.12-1+deb12u4 2026/11/17 - https://haproxy.org/
        let words = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self).split(
            separator: " ")
        process.waitUntilExit()
        guard words.count > 2, words[1] == "version" else { return nil }
        self.path = path
        version = String(words[2])
    }

    private static let system = ["/usr/sbin/haproxy", "/usr/local/sbin/haproxy", "/usr/bin/haproxy"]
    private static let checkout = String(#filePath.prefix(upTo: #filePath.range(of: "Tests/Support/")!.lowerBound))
}
