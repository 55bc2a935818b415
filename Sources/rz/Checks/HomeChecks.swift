import FoundationEssentials
import Glibc
import Migration
import SafeFiles

/// rz's own folder: whose it is, who may read and write it, and how much room is left.
struct HomeChecks {
    /// Below it a run may not end: a journal that can't grow halts it.
    private static let least: UInt64 = 256 << 20
    private static let scarce: UInt64 = 1 << 30
    private static let subject = "rz's home"

    let environment: String?

    var check: Check {
        Check(HomeChecks.subject) {
            let places: Places
            do throws(Failure) { places = try Places.trusted() } catch {
                return [CheckResult(HomeChecks.subject, error)]
            }
            let problems = rights(places) + room(places.home)
            let isBad = problems.contains { $0.verdict == .problem }
            return (isBad ? [] : [CheckResult(.ok, HomeChecks.subject, places.home + freeWords(places.home))])
                + problems
        }
    }

    private func rights(_ places: Places) -> [CheckResult] {
        var paths = [places.home, places.home + "/journal", places.home + "/environments"]
        if let environment {
            let state = places.state(of: environment)
            paths += ["", "/terraform", "/ansible", "/log", "/source", "/telemetry"].map { state + $0 }
            paths += Stores.files(of: environment, in: places)
        }
        let known = paths.filter(HomeChecks.exists)
        guard known.contains(places.home) else {
            let above = HomeChecks.nearest(to: places.home)
            guard access(above, W_OK | X_OK) == 0 else {
                return [
                    CheckResult(
                        .problem, HomeChecks.subject, "\(places.home) can't be made: \(above) is not writable",
                        advice: "Name a folder of your own: export RZ_HOME=…")
                ]
            }
            return []
        }
        return known.flatMap(problems)
    }

    private func problems(of path: String) -> [CheckResult] {
        var status = stat()
        guard stat(path, &status) == 0 else { return [] }
        let isFolder = status.st_mode & S_IFMT == S_IFDIR
        if status.st_uid != geteuid() {
            return [
                CheckResult(
                    .problem, HomeChecks.subject,
                    "\(path) belongs to uid \(status.st_uid), not to this user (\(geteuid()))",
                    advice: "Run rz as its owner, or set RZ_HOME.")
            ]
        }
        var results: [CheckResult] = []
        // Root may write whatever the mode says.
        if access(path, isFolder ? R_OK | W_OK | X_OK : R_OK | W_OK) != 0 {
            results.append(
                CheckResult(
                    .problem, HomeChecks.subject, "\(path) can't be written",
                    advice: "Run: chmod u+rw\(isFolder ? "x" : "") \(FileProblem.quoted(path))"))
        }
        if status.st_mode & 0o077 != 0 {
            let mode = String(status.st_mode & 0o777, radix: 8)
            results.append(
                CheckResult(
                    .note, HomeChecks.subject,
                    "other users may look at \(path) (mode \(mode)); states may hold secrets",
                    advice: "Run: chmod go= \(FileProblem.quoted(path))"))
        }
        return results
    }

    private func room(_ home: String) -> [CheckResult] {
        guard let free = HomeChecks.free(home), free < HomeChecks.scarce else { return [] }
        let isProblem = free < HomeChecks.least
        return [
            CheckResult(
                isProblem ? .problem : .note, HomeChecks.subject, "only \(free >> 20) MiB are free at \(home)",
                advice: "Make room, or set RZ_HOME: journals, logs and copies of the checkout are kept there.")
        ]
    }

    private func freeWords(_ home: String) -> String {
        HomeChecks.free(home).map { ", \($0 >> 30) GiB free" } ?? ""
    }

    /// In bytes, for this user (statvfs(3)).
    private static func free(_ home: String) -> UInt64? {
        var status = statvfs()
        guard statvfs(nearest(to: home), &status) == 0 else { return nil }
        return UInt64(status.f_bavail) * UInt64(status.f_frsize)
    }

    private static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    private static func nearest(to path: String) -> String {
        var path = path
        while !exists(path), path != "/" { path = TrustedFolder.split(path).folder }
        return path
    }
}
