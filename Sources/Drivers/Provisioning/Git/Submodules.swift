import Migration

/// The submodules of a commit, read from what the checkout holds of them: nothing is fetched.
struct Submodules {
    /// A submodule whose commit is there.
    struct Module {
        /// Where it belongs, relative to the folder that is copied.
        var path: String
        /// The commit that the repository above it records.
        var commit: String
        /// What of it is copied; all, if nothing is named.
        var paths: [String]
        var git: Git
    }

    /// A place in a tree where another repository's commit belongs.
    struct Link: Hashable {
        var path: String
        var commit: String
    }

    private let git: Git
    /// The working tree; nil where none belongs to the commit.
    private let tree: String?

    /// - Parameter git: in the folder from which paths are counted.
    init(_ git: Git) { self.init(git, tree: git.folder) }

    private init(_ git: Git, tree: String?) {
        self.git = git
        self.tree = tree
    }

    /// The submodules below these paths, or around them, and those in them.
    ///
    /// - Parameter paths: relative to the folder; none for all.
    func find(_ commit: String, _ paths: [String]) async throws(Failure) -> (modules: [Module], missing: [String]) {
        let listed = try await git.require(["ls-tree", "-r", "-z", commit], "Git can't read commit \(commit)")
        let links = Submodules.links(listed).compactMap { link in
            Submodules.part(of: link.path, paths).map { (link, $0) }
        }
        guard !links.isEmpty else { return ([], []) }
        let names = try await names(commit)
        var modules: [Module] = []
        var missing: [String] = []
        for (link, inner) in links {
            guard let module = try await repository(link, named: names[link.path]) else {
                missing.append(link.path)
                continue
            }
            modules.append(Module(path: link.path, commit: link.commit, paths: inner, git: module))
            let (deeper, unknown) = try await Submodules(module, tree: tree.map { "\($0)/\(link.path)" })
                .find(link.commit, inner)
            modules += deeper.map { module in
                var module = module
                module.path = "\(link.path)/\(module.path)"
                return module
            }
            missing += unknown.map { "\(link.path)/\($0)" }
        }
        return (modules, missing)
    }

    static func notThere(_ paths: [String], at folder: String) -> Failure {
        Failure(
            "\(paths.count == 1 ? "A Git submodule is" : "\(paths.count) Git submodules are") not in the checkout: "
                + paths.sorted().joined(separator: ", "), at: folder,
            details: ["rz copies the commits that the checkout records, and fetches none itself"],
            advice: "Run there: git submodule update --init --recursive", kind: .refused)
    }

    /// The links to other repositories in a listing of `ls-tree -z` or `ls-files -s -z`.
    static func links(_ listing: String) -> [Link] {
        listing.split(separator: "\0").compactMap { entry in
            // `160000 commit ID<TAB>PATH` or `160000 ID 0<TAB>PATH`
            guard entry.hasPrefix("160000 "), let tab = entry.firstIndex(of: "\t") else { return nil }
            let words = entry[..<tab].split(separator: " ").filter { $0 != "commit" }
            guard words.count >= 2 else { return nil }
            return Link(path: String(entry[entry.index(after: tab)...]), commit: String(words[1]))
        }
    }

    /// What of a submodule is meant by paths: all of it, parts of it, or nil for nothing.
    private static func part(of link: String, _ paths: [String]) -> [String]? {
        if paths.isEmpty || paths.contains(where: { link == $0 || link.hasPrefix($0 + "/") }) { return [] }
        let inner = paths.filter { $0.hasPrefix(link + "/") }.map { String($0.dropFirst(link.count + 1)) }
        return inner.isEmpty ? nil : inner
    }

    /// The names of submodules by their paths, as the commit's `.gitmodules` has them.
    private func names(_ commit: String) async throws(Failure) -> [String: String] {
        let prefix = try await git.require(["rev-parse", "--show-prefix"], "Git can't name the folder")
            .filter { $0 != "\n" }
        let listed = try await git.run([
            "config", "--blob", "\(commit):.gitmodules", "-z", "--get-regexp", #"^submodule\..*\.path$"#,
        ])
        guard listed.end.isSuccess else { return [:] }
        var names: [String: String] = [:]
        for entry in listed.output.split(separator: "\0") {
            // `submodule.NAME.path<LF>PATH`
            guard let end = entry.firstIndex(of: "\n") else { continue }
            let path = String(entry[entry.index(after: end)...])
            let name = entry[..<end].dropFirst("submodule.".count).dropLast(".path".count)
            guard path.hasPrefix(prefix), !name.split(separator: "/").contains(".."), !name.hasPrefix("/") else {
                continue
            }
            names[String(path.dropFirst(prefix.count))] = String(name)
        }
        return names
    }

    /// The repository of a submodule that has the commit: below `.git/modules`, or in the working tree.
    private func repository(_ link: Link, named name: String?) async throws(Failure) -> Git? {
        var places: [String] = []
        if let name {
            for question in [["--git-path", "modules/\(name)"], ["--git-common-dir"]] {
                let answer = try await git.require(["rev-parse"] + question, "Git can't name its folder")
                    .filter { $0 != "\n" }
                let place = answer.hasPrefix("/") ? answer : "\(git.folder)/\(answer)"
                places.append(question.count == 2 ? place : "\(place)/modules/\(name)")
            }
        }
        if let tree { places.append("\(tree)/\(link.path)/.git") }
        for place in places where Files.isFolder(place) {
            let module = Git(binary: git.binary, folder: place, inherited: git.inherited, repository: place)
            if try await module.run(["cat-file", "-e", "\(link.commit)^{commit}"]).end.isSuccess { return module }
        }
        return nil
    }
}

/// Symbolic links of what is copied.
enum Links {
    /// Refuses links in a folder that lead out of the copy which it is a part of: what they mean can change.
    static func refuseLeading(outOf copy: String, in folder: String) throws(Failure) {
        for name in Files.names(in: folder) {
            let path = folder + "/" + name
            if let target = Files.linkTarget(path) {
                let place = target.hasPrefix("/") ? target : folder + "/" + target
                let real = Files.real(path) ?? plain(place)
                guard [plain(place), real].allSatisfy({ isInside($0, Files.real(copy) ?? copy) || isInside($0, copy) })
                else {
                    throw Failure(
                        "A symbolic link leads out of the copy that a run works from",
                        at: String(path.dropFirst(copy.count + 1)), details: ["it leads to \(target)"],
                        advice: "Let it lead to a file below environments/ or runbooks/.", kind: .refused)
                }
            } else if Files.isFolder(path) {
                try refuseLeading(outOf: copy, in: path)
            }
        }
    }

    private static func isInside(_ path: String, _ folder: String) -> Bool {
        path == folder || path.hasPrefix(folder + "/")
    }

    /// The path without `.` and `..`, as its text says.
    private static func plain(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }
}
