import JSON
import Migration
import Planning
import Provisioning
import Runbooks

/// What was read, what was written, and what is missing for a move.
struct AdoptionReport {
    let found: Adoption.Found
    let files: NewEnvironment.Report
    let isDryRun: Bool

    var isComplete: Bool { found.missing.isEmpty && files.places.isEmpty }

    var text: String {
        var lines = ["\(files.name): what stands becomes \(found.color)"] + summary.map { "  \($0)" }
        lines += found.notes.map { "  note: \($0)" } + [""]
        lines += files.files.map { path, isNew in "\(isNew ? isDryRun ? "would write" : "wrote" : "kept ") \(path)" }
        if isDryRun { lines += ["", found.template.files.last?.text ?? ""] }
        if !files.places.isEmpty {
            lines += ["", "Fill in, and remove each mark when it is done:"] + files.places.map { "  \($0)" }
        }
        if !found.missing.isEmpty {
            lines += ["", "Missing for a move, in this order:"]
            for (number, missing) in found.missing.enumerated() {
                lines += ["  \(number + 1). \(missing.text)"] + missing.lines.map { "       \($0)" }
            }
        }
        lines += ["", "Next:"] + files.next.map { "  \($0)" }
        return lines.joined(separator: "\n") + "\n"
    }

    var json: JSONObject {
        var fields = files.json.map { ($0.key, $0.value) }
        fields += [
            ("color", .string(found.color.rawValue)), ("isDryRun", .bool(isDryRun)),
            ("read", .array(summary.map(JSON.string))), ("notes", .array(found.notes.map(JSON.string))),
            (
                "missing",
                .array(
                    found.missing.map { missing in
                        .object(
                            JSONObject([
                                ("text", .string(missing.text)), ("lines", .array(missing.lines.map(JSON.string))),
                            ]))
                    })
            ),
        ]
        return JSONObject(fields)
    }

    private var summary: [String] {
        let groups = found.servers.groups.sorted { $0.key < $1.key }.map { "\($0.key) (\($0.value.count))" }
        let source = found.state.map { "state of Terraform, serial \($0.serial)" } ?? "list of servers"
        var lines = ["servers: \(groups.joined(separator: ", ")), by a \(source)"]
        let backends = found.traffic.backends.map { "\($0.name) (\($0.live))" }
        lines.append("backends with servers of \(found.color): \(backends.joined(separator: ", "))")
        if !found.traffic.unrelated.isEmpty {
            lines.append("backends without, which stay as they are: \(found.traffic.unrelated.joined(separator: ", "))")
        }
        if let services = found.services {
            lines.append("services: \(Wording.few(services.moving.map { "\($0.id)" }, 6))")
        }
        if let state = found.state {
            lines.append(
                "a move ends with the destruction of: \(state.addresses.joined(separator: ", "))")
        }
        return lines
    }
}
