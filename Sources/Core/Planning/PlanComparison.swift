import FoundationEssentials
import Glibc
import Migration

extension Plan {
    /// What a run of another plan would do differently, one line each: `environment.soak: 15m → 1s`. Empty where both do
    /// the same, whatever they say of the world, of the commit and to people.
    ///
    /// Compares the text of the plans, so that no field can be left out by mistake.
    public func differences(to other: Plan) throws(Failure) -> [String] {
        try Tree(performed).differences(to: Tree(other.performed), at: "")
    }

    private var performed: Plan {
        var plan = bare
        plan.source = PinnedSource(commit: nil)
        plan.world = World(live: direction.old, servers: [:], services: [:], backends: [:], configuration: "")
        plan.warnings = []
        plan.obstacles = []
        plan.unreachable?.unverified = []
        for index in plan.services.indices { plan.services[index].findings = [] }
        return plan
    }
}

/// Any JSON value.
private indirect enum Tree: Decodable, Equatable {
    case object([String: Tree])
    case list([Tree])
    case value(String)

    init(_ plan: Plan) throws(Failure) {
        do {
            self = try JSONDecoder().decode(Tree.self, from: Data(try plan.canonicalText.utf8))
        } catch {
            throw Failure(error, doing: "Comparing plans")
        }
    }

    init(from decoder: any Decoder) throws {
        if let fields = try? decoder.singleValueContainer().decode([String: Tree].self) {
            self = .object(fields)
        } else if let list = try? decoder.singleValueContainer().decode([Tree].self) {
            self = .list(list)
        } else {
            let value = try decoder.singleValueContainer()
            if let flag = try? value.decode(Bool.self) {
                self = .value("\(flag)")
            } else if let number = try? value.decode(Int.self) {
                self = .value("\(number)")
            } else if let number = try? value.decode(Double.self) {
                self = .value("\(number)")
            } else {
                self = .value(value.decodeNil() ? "nothing" : try value.decode(String.self))
            }
        }
    }

    func differences(to other: Tree, at path: String) -> [String] {
        switch (self, other) {
        case (.object(let before), .object(let after)):
            return Tree.differences(before, after, at: path)
        case (.list(let before), .list(let after)):
            guard let before = Tree.named(before), let after = Tree.named(after) else { return change(to: other, path) }
            return Tree.differences(before, after, at: path)
        default:
            return change(to: other, path)
        }
    }

    private func change(to other: Tree, _ path: String) -> [String] {
        self == other ? [] : ["\(path): \(text) → \(other.text)"]
    }

    private static func differences(_ before: [String: Tree], _ after: [String: Tree], at path: String) -> [String] {
        Set(before.keys).union(after.keys).sorted().flatMap { key -> [String] in
            let inner = path.isEmpty ? key : "\(path).\(key)"
            switch (before[key], after[key]) {
            case (let before?, let after?): return before.differences(to: after, at: inner)
            case (let before?, nil): return ["\(inner): removed, was \(before.text)"]
            case (nil, let after?): return ["\(inner): new, \(after.text)"]
            case (nil, nil): return []
            }
        }
    }

    /// A list of things that have names, by these.
    private static func named(_ list: [Tree]) -> [String: Tree]? {
        var named: [String: Tree] = [:]
        for element in list {
            guard case .object(let fields) = element,
                case .value(let name)? = fields["id"] ?? fields["name"] ?? fields["backend"] ?? fields["path"],
                named.updateValue(element, forKey: name) == nil
            else { return nil }
        }
        return named
    }

    /// In one line, shortened.
    private var text: String {
        switch self {
        case .value(let text): text
        case .list(let list): Failure.shortened("[" + list.map(\.text).joined(separator: ", ") + "]", to: 200)
        case .object(let fields):
            if let title = fields["title"], case .value(let text) = title {
                text
            } else {
                Failure.shortened(Tree.text(fields), to: 200)
            }
        }
    }
    /// Each field with its name, after what the whole is: `marathon group /, url http://…`.
    private static func text(_ fields: [String: Tree]) -> String {
        let others = fields.keys.sorted().filter { $0 != "type" }.map { key in "\(key) \(fields[key]?.text ?? "")" }
        return [fields["type"]?.text, others.joined(separator: ", ")].compactMap { $0 }.filter { !$0.isEmpty }
            .joined(separator: " ")
    }
}
