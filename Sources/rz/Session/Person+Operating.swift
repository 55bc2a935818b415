import FoundationEssentials
import Glibc
import Migration

extension Person {
    /// Who runs this rz, as the operating system says: the owner of the process. What the environment says of a name
    /// counts for nothing, as everyone can set it.
    ///
    /// Behind root there is a person: who logged in, as the kernel recorded it (proc(5), `/proc/self/loginuid`); where it
    /// recorded no one, who called sudo.
    static let operating: Person = {
        let owner = getuid()
        let user = owner == 0 ? behindRoot ?? name(of: 0) : name(of: owner)
        return Person(user: user, host: hostName)
    }()

    private static var behindRoot: String? {
        let recorded = (try? String(contentsOfFile: "/proc/self/loginuid", encoding: .utf8))?.filter(\.isNumber)
        if let login = recorded.flatMap({ uid_t($0) }), login != uid_t.max { return name(of: login) }
        guard let sudo = ProcessInfo.processInfo.environment["SUDO_USER"], getpwnam(sudo) != nil else { return nil }
        return sudo
    }

    private static func name(of user: uid_t) -> String {
        guard let entry = getpwuid(user), let name = entry.pointee.pw_name else { return "uid-\(user)" }
        return String(cString: name)
    }

    private static var hostName: String {
        var buffer = [CChar](repeating: 0, count: Int(HOST_NAME_MAX) + 1)
        guard gethostname(&buffer, buffer.count) == 0 else { return "localhost" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// Who is at the keyboard: `ada@ctl-1`.
var operatorName: String { Person.operating.description }
