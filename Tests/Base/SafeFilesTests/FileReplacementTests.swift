import Foundation
import SafeFiles
import Testing

@Suite("The replacement of a file")
struct FileReplacementTests {
    @Test("is for its owner alone, whatever the umask and the mode of the old file")
    func isPrivate() throws {
        try withFolder { folder in
            try Data("old".utf8).write(to: URL(filePath: folder + "/plan.json"))
            chmod(folder + "/plan.json", 0o644)
            try FileReplacement.write("new", to: folder + "/plan.json")
            #expect(try text(folder + "/plan.json") == "new")
            #expect(mode(folder + "/plan.json") == 0o600)
        }
    }

    @Test("replaces a link and leaves alone what it leads to")
    func replacesLinks() throws {
        try withFolder { folder in
            try Data("other".utf8).write(to: URL(filePath: folder + "/other"))
            try FileManager.default.createSymbolicLink(
                atPath: folder + "/plan.json", withDestinationPath: folder + "/other")
            try FileReplacement.write("new", to: folder + "/plan.json")
            #expect(try text(folder + "/other") == "other")
            #expect(
                try FileManager.default.attributesOfItem(atPath: folder + "/plan.json")[.type] as? FileAttributeType
                    == .typeRegular)
        }
    }

    @Test("leaves nothing behind when it is given up")
    func leavesNothing() throws {
        try withFolder { folder in
            do {
                let replacement = try FileReplacement(of: folder + "/plan.json")
                try replacement.write("half".utf8)
                #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 1)
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
        }
    }

    @Test("is made in the folder that was opened, whatever stands in its place by then")
    func staysInItsFolder() throws {
        try withFolder { folder in
            try FileManager.default.createDirectory(atPath: folder + "/a", withIntermediateDirectories: false)
            let replacement = try FileReplacement(of: folder + "/a/file")
            try FileManager.default.moveItem(atPath: folder + "/a", toPath: folder + "/b")
            try FileManager.default.createDirectory(atPath: folder + "/a", withIntermediateDirectories: false)
            try replacement.write("new".utf8)
            try replacement.commit()
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/a") == [])
            #expect(try text(folder + "/b/file") == "new")
        }
    }

    @Test("is refused where everyone may replace files, with a command that fixes it")
    func refusesOpenFolders() throws {
        try withFolder { folder in
            chmod(folder, 0o777)
            let problem = #expect(throws: FileProblem.self) { try FileReplacement.write("new", to: folder + "/file") }
            #expect(problem?.reason == "everyone may replace files in it (mode 777)")
            #expect(problem?.advice == "Run: chmod go-w \(folder)")
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(names == [])
        }
    }

    @Test("is made where everyone may make files but only their owner may replace them")
    func takesStickyFolders() throws {
        try withFolder { folder in
            chmod(folder, 0o1777)
            try FileReplacement.write("new", to: folder + "/file")
            #expect(try text(folder + "/file") == "new")
        }
    }

    @Test("keeps the mode of the old file for those who read it, without a right for everyone to write")
    func keepsReaders() throws {
        for (old, new) in [(0o640, 0o640), (0o600, 0o600), (0o644, 0o644), (0o666, 0o664)] as [(mode_t, mode_t)] {
            try withFolder { folder in
                try Data("old".utf8).write(to: URL(filePath: folder + "/file"))
                chmod(folder + "/file", old)
                let replacement = try FileReplacement(of: folder + "/file")
                try replacement.keepReaders()
                try replacement.commit()
                #expect(mode(folder + "/file") == new)
            }
        }
    }

    @Test("of another user's file stays this user's, and is refused where its owner could not read it any more")
    func givesNothingAway() throws {
        // Only root can make a file of another user.
        guard geteuid() == 0 else { return }
        try withFolder { folder in
            let path = folder + "/file"
            try Data("old".utf8).write(to: URL(filePath: path))
            chown(path, 4711, 4712)
            chmod(path, 0o640)
            let replacement = try FileReplacement(of: path)
            try replacement.keepReaders()
            try replacement.commit()
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(attributes[.ownerAccountID] as? Int == 0)
            #expect(attributes[.groupOwnerAccountID] as? Int == 4712)
            #expect(mode(path) == 0o640)

            chown(path, 4711, 4712)
            chmod(path, 0o600)
            let problem = #expect(throws: FileProblem.self) { try FileReplacement(of: path).keepReaders() }
            #expect(problem?.reason.hasPrefix("only its owner, another user (uid 4711), may read it") == true)
            #expect(problem?.advice == "Let its group read it: chmod g+r \(path)")
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(names == ["file"])
        }
    }

    private func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    private func mode(_ path: String) -> mode_t {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
    }
}

@Suite("Where a path leads")
struct ResolvedPathTests {
    @Test("is followed through links of this user, also relative ones")
    func follows() throws {
        try withFolder { folder in
            try FileManager.default.createSymbolicLink(atPath: folder + "/a", withDestinationPath: "b")
            try FileManager.default.createSymbolicLink(atPath: folder + "/b", withDestinationPath: folder + "/c")
            #expect(try TrustedFolder.resolve(folder + "/a") == folder + "/c")
        }
    }

    @Test("is refused where others may have made the link")
    func refuses() throws {
        try withFolder { folder in
            try FileManager.default.createSymbolicLink(atPath: folder + "/a", withDestinationPath: "b")
            chmod(folder, 0o777)
            let problem = #expect(throws: FileProblem.self) { _ = try TrustedFolder.resolve(folder + "/a") }
            #expect(problem?.reason == "everyone may replace files in it (mode 777)")
        }
    }

    @Test("has an end where links go round")
    func goesRound() throws {
        try withFolder { folder in
            try FileManager.default.createSymbolicLink(atPath: folder + "/a", withDestinationPath: "a")
            let problem = #expect(throws: FileProblem.self) { _ = try TrustedFolder.resolve(folder + "/a") }
            #expect(problem?.code == ELOOP)
        }
    }
}

@Suite("A folder of one's own")
struct OwnFolderTests {
    @Test("may be missing, readable for others, and reached through links of this user")
    func accepts() throws {
        try withFolder { folder in
            try TrustedFolder.requireOwn(folder + "/none/at/all")
            chmod(folder, 0o755)
            try TrustedFolder.requireOwn(folder)
            try FileManager.default.createSymbolicLink(atPath: folder + "/link", withDestinationPath: folder)
            try TrustedFolder.requireOwn(folder + "/link")
        }
    }

    @Test("is refused where everyone may write, with a command that fixes it")
    func refusesOpen() throws {
        try withFolder { folder in
            chmod(folder, 0o777)
            let problem = #expect(throws: FileProblem.self) { try TrustedFolder.requireOwn(folder) }
            #expect(problem?.reason == "everyone may replace files in it (mode 777)")
            #expect(problem?.advice == "Run: chmod -R go-w \(folder)")
        }
    }

    @Test("is refused, before it is made too, where others may replace a folder above it")
    func refusesOpenAbove() throws {
        try withFolder { folder in
            chmod(folder, 0o777)
            let problem = #expect(throws: FileProblem.self) { try TrustedFolder.requireOwn(folder + "/home/rz") }
            #expect(problem?.action == "use \(folder)/home/rz")
            #expect(problem?.reason == "everyone may replace files in \(folder) (mode 777)")
            #expect(problem?.advice == "Run: chmod go-w \(folder)")
        }
    }

    @Test("is refused where it belongs to another user")
    func refusesForeign() throws {
        // Only root can make a folder of another user.
        guard geteuid() == 0 else { return }
        try withFolder { folder in
            chown(folder, 4711, 4712)
            let problem = #expect(throws: FileProblem.self) { try TrustedFolder.requireOwn(folder) }
            #expect(problem?.reason == "it belongs to another user (uid 4711)")
        }
    }

    @Test("has a path in advice that a shell takes as it is")
    func quotes() {
        #expect(FileProblem.quoted("/var/lib/rz") == "/var/lib/rz")
        #expect(FileProblem.quoted("/my rz's") == "'/my rz'\\''s'")
    }
}

private func withFolder(_ test: (String) throws -> Void) throws {
    // As rz does at its start: folders that a test makes are its own, whatever the umask of who runs it.
    umask(0o077)
    let folder = FileManager.default.temporaryDirectory.appending(path: "rz-files-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try test(folder)
}
