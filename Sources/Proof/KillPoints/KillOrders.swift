import Foundation
import Glibc
import Migration

/// What a process is to do at which kill points: the file that `RZ_KILL_POINTS` names.
///
///     log /tmp/points.log
///     SIGKILL replicate/launch/shop/web: cluster(green).launch(/shop/web) #1 after
///
/// With `log` alone nothing happens but that each point is written down when it is passed. Of several orders only the
/// one whose point comes first is carried out.
struct KillOrders {
    var logFile: String?
    /// Signals by the text of their point.
    var signals: [String: Int32] = [:]

    private static let numbers = [
        "SIGKILL": SIGKILL, "SIGTERM": SIGTERM, "SIGINT": SIGINT, "SIGSTOP": SIGSTOP,
        // Does nothing to a process that does not wait for it.
        "SIGURG": SIGURG,
    ]

    init(contentsOf path: String) throws(Failure) {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw Failure("The orders for kill points can't be read", at: path, advice: "Unset RZ_KILL_POINTS.")
        }
        for line in String(decoding: data, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 1).map(String.init)
            switch (words[0], words.count) {
            case ("log", 2): logFile = words[1]
            case (let name, 2):
                guard let number = KillOrders.numbers[name] else { fallthrough }
                signals[words[1]] = number
            default:
                throw Failure(
                    "This is not an order for a kill point: \(line)", at: path, advice: "Unset RZ_KILL_POINTS.")
            }
        }
    }
}
