import Migration
import Transport

/// Ids in the paths of URLs: whatever one holds, a call means that thing and no other, or is not made.
enum URLPath {
    /// Any text as one segment of a path (RFC 3986, section 3.3).
    ///
    /// - Parameters:
    ///   - thing: what it is the id of, for people: `job of Chronos`.
    ///   - whole: the id that it is a part of; nil where it is the whole.
    /// - Throws: `Failure` for what can't be a segment: nothing, what means a folder, controls.
    static func segment(_ text: String, of thing: String, in whole: String? = nil) throws(Failure) -> String {
        guard !["", ".", ".."].contains(text),
            !text.unicodeScalars.contains(where: { $0.value < 32 || $0.value == 127 })
        else { throw refused(whole ?? text, thing, "a part of it is empty, `.` or `..`, or holds a control character") }
        return text.percentEncoded
    }

    /// Names as those of hosts, apart from each other by dots, as one segment: the ids of Metronome, and each part of
    /// those of Marathon.
    ///
    /// Source: Marathon 1.11, `PathId.scala`; Metronome 0.6, `JobId.scala`.
    static func name(_ text: String, of thing: String, in whole: String? = nil) throws(Failure) -> String {
        let isFit = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy {
            label in
            !label.isEmpty && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
                && label.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == UInt8(ascii: "-") }
        }
        guard isFit else {
            throw refused(
                whole ?? text, thing, "its parts have small letters, digits and inner dashes, and dots between them")
        }
        return text.percentEncoded
    }

    private static func refused(_ id: String, _ thing: String, _ reason: String) -> Failure {
        Failure(
            "“\(id)” can't be the id of a \(thing)", details: [reason, "no call was made with it"],
            advice: "See where it comes from: a source that reports it is not what rz takes it for.", kind: .refused)
    }
}

extension ServiceID {
    /// `/shop/web` of Marathon as a path, its slashes as separators.
    ///
    /// - Parameter thing: `service` or `group`.
    /// - Throws: `Failure` for what can't be the id of one.
    func marathonPath(of thing: String = "service") throws(Failure) -> String {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        var path = ""
        for part in parts.dropFirst() {
            path += "/" + (try URLPath.name(String(part), of: "\(thing) of Marathon", in: text))
        }
        guard parts.first?.isEmpty == true, !path.isEmpty else {
            throw Failure(
                "“\(text)” can't be the id of a \(thing) of Marathon", details: ["it does not begin with a slash"],
                kind: .refused)
        }
        return path
    }

    /// `shop/web` of mesos-compose as a path: its project and its name, which may itself hold a slash.
    func composePath() throws(Failure) -> String {
        let project = text.prefix { $0 != "/" }
        let name = text.dropFirst(project.count + 1)
        let thing = "service of mesos-compose"
        return try URLPath.segment(String(project), of: thing, in: text) + "/"
            + URLPath.segment(String(name), of: thing, in: text)
    }
}
