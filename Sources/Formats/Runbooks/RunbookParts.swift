import Migration

/// Puts the steps of parts where lines of a runbook name them, before anything of it is checked: what holds for steps,
/// and what is refused of them, holds for these.
///
/// A line `begin` that uses a part with a step `chat` becomes the step `begin.chat`.
struct RunbookParts {
    /// How many steps parts may add to a runbook.
    static let most = 2_000

    /// Reads a part's file, and keeps its problems.
    let read: (_ name: String, _ place: Value, _ reader: inout Reader) -> Value?
    /// What was read.
    private var parts: [String: Value] = [:]
    private var added = 0

    init(read: @escaping (_ name: String, _ place: Value, _ reader: inout Reader) -> Value?) { self.read = read }

    mutating func expand(_ runbook: Value, _ reader: inout Reader) -> Value {
        var runbook = runbook
        runbook.change("phases") { phases in
            for phase in phases.members.map(\.key) {
                phases.change(phase) { rule in
                    rule.change("steps") { steps in
                        steps.content = .list(expand(steps.list, Scope(phase: phase), &reader))
                    }
                }
            }
        }
        return runbook
    }

    /// Where lines stand.
    private struct Scope {
        var phase: String
        /// Of the ids, with its dot; empty in the runbook itself.
        var prefix = ""
        /// The steps that a line waits for which says that it waits for none; nil in the runbook itself.
        var entry: [String]?
        /// The parts that the lines are in, outermost first.
        var parts: [String] = []
    }

    private mutating func expand(_ lines: [Value], _ scope: Scope, _ reader: inout Reader) -> [Value] {
        var steps: [Value] = []
        /// The steps that each line became.
        var known: [String: [String]] = [:]
        var last: (steps: [String], isPart: Bool)?
        for line in lines {
            let own = line["id"]?.text ?? ""
            let needs = needs(of: line, known, last, scope)
            var step = line
            step.set("id", scope.prefix + own, at: line["id"]?.mark ?? line.mark)
            if let needs { step.set("needs", needs, at: line["needs"]?.mark ?? line.mark) }
            if let part = line["part"], !line.isBroken {
                let entry = needs ?? last?.steps ?? []
                let inner = Scope(
                    phase: scope.phase, prefix: scope.prefix + own + ".", entry: entry, parts: scope.parts)
                let used = use(part, line, inner, &reader)
                steps += used
                last = (used.compactMap { $0["id"]?.text }, true)
            } else {
                if line["part"] == nil, let with = line["with"] { reader.problem("`with` is for a `part`", at: with) }
                steps.append(step)
                if !scope.parts.isEmpty { added += 1 }
                last = ([scope.prefix + own], false)
            }
            known[own] = last?.steps
        }
        return steps
    }

    /// The ids that a line waits for; nil where the step before it says that already.
    private func needs(
        of line: Value, _ known: [String: [String]], _ last: (steps: [String], isPart: Bool)?, _ scope: Scope
    ) -> [String]? {
        if let needs = line["needs"] {
            let named = needs.list.flatMap { need in known[need.text] ?? [scope.prefix + need.text] }
            return named.isEmpty ? scope.entry ?? [] : named
        }
        guard let last else { return scope.entry }
        return last.isPart ? last.steps : nil
    }

    private mutating func use(_ name: Value, _ line: Value, _ scope: Scope, _ reader: inout Reader) -> [Value] {
        for key in ["timeout", "retries", "onFailure"] {
            if let value = line[key] { reader.problem("each step of the part says its `\(key)` itself", at: value) }
        }
        guard !scope.parts.contains(name.text) else {
            let path = (scope.parts + [name.text]).joined(separator: " → ")
            reader.problem("the part \(name.text) uses itself: \(path)", at: name)
            return []
        }
        guard added < RunbookParts.most else {
            reader.problem("parts add more than \(RunbookParts.most) steps", at: name)
            return []
        }
        guard let part = parts[name.text] ?? read(name.text, name, &reader) else { return [] }
        parts[name.text] = part
        var scope = scope
        scope.parts.append(name.text)
        let arguments = arguments(of: part, line, name, &reader)
        let lines = part["steps"]?.list ?? []
        let filled = lines.map { fill($0, arguments, name.text, scope, &reader) }
        return expand(filled, scope, &reader).map { step in
            guard let when = line["when"] else { return step }
            var step = step
            var all = when
            all.content = .list(when.list + (step["when"]?.list ?? []))
            step.set("when", all)
            return step
        }
    }

    private func arguments(
        of part: Value, _ line: Value, _ name: Value, _ reader: inout Reader
    ) -> [String: String] {
        var arguments: [String: String] = [:]
        let parameters = part["parameters"]?.members ?? []
        for given in line["with"]?.members ?? [] where !parameters.contains(where: { $0.key == given.key }) {
            reader.problem(
                "the part \(name.text) has no parameter \(given.key)", given.keyMark,
                suggestion: nearest(given.key, in: parameters.map(\.key)))
        }
        for parameter in parameters {
            guard let value = line["with", parameter.key] ?? parameter.value["default"] else {
                reader.problem("the part \(name.text) needs `with: { \(parameter.key): … }`", at: name)
                arguments[parameter.key] = ""
                continue
            }
            arguments[parameter.key] = value.text
        }
        return arguments
    }

    /// What a part says with `{{ with.NAME }}`, and of its own steps with `{{ ./STEP.NAME }}`.
    private func fill(
        _ step: Value, _ arguments: [String: String], _ part: String, _ scope: Scope, _ reader: inout Reader
    ) -> Value {
        var unknown: Set<String> = []
        let own = "\(scope.phase)/\(scope.prefix)"
        var filled = step.mapTexts { text in
            text.replacing(/\{\{\s*(with\.|\.\/)([^}\s]+)\s*\}\}/) { match in
                let name = String(match.2)
                if match.1 == "./" { return "{{ \(own)\(name) }}" }
                if arguments[name] == nil { unknown.insert(name) }
                return arguments[name] ?? ""
            }
        }
        filled.change("when") { when in
            when.content = .list(
                when.list.map { condition in
                    var condition = condition
                    condition.change("value") { word in
                        if word.text.hasPrefix("./") { word.content = .scalar(own + word.text.dropFirst(2)) }
                    }
                    return condition
                })
        }
        for name in unknown.sorted() where !step.isBroken {
            reader.problem(
                "the part \(part) has no parameter \(name)", at: step, suggestion: nearest(name, in: arguments.keys))
        }
        return filled
    }
}

extension Value {
    fileprivate mutating func change(_ key: String, _ body: (inout Value) -> Void) {
        guard case .object(var members) = content, let place = members.firstIndex(where: { $0.key == key }) else {
            return
        }
        body(&members[place].value)
        content = .object(members)
    }

    fileprivate mutating func set(_ key: String, _ value: Value) {
        guard case .object(var members) = content else { return }
        members.removeAll { $0.key == key }
        members.append(Member(key: key, keyMark: value.mark, value: value))
        content = .object(members)
    }

    fileprivate mutating func set(_ key: String, _ text: String, at mark: Mark) {
        set(key, Value(content: .scalar(text), mark: mark, isBroken: self[key]?.isBroken ?? true))
    }

    fileprivate mutating func set(_ key: String, _ texts: [String], at mark: Mark) {
        let values = texts.map { Value(content: .scalar($0), mark: mark, isBroken: false) }
        set(key, Value(content: .list(values), mark: mark, isBroken: false))
    }

    fileprivate func mapTexts(_ change: (String) -> String) -> Value {
        var value = self
        switch content {
        case .scalar(let text): value.content = .scalar(change(text))
        case .list(let values): value.content = .list(values.map { $0.mapTexts(change) })
        case .object(let members):
            value.content = .object(
                members.map { Member(key: $0.key, keyMark: $0.keyMark, value: $0.value.mapTexts(change)) })
        case .unreadable: break
        }
        return value
    }

    /// The same, whose places are in another file than the reader's.
    func placed(in file: String) -> Value {
        var value = self
        value.mark.file = file
        switch content {
        case .list(let values): value.content = .list(values.map { $0.placed(in: file) })
        case .object(let members):
            value.content = .object(
                members.map { member in
                    var keyMark = member.keyMark
                    keyMark.file = file
                    return Member(key: member.key, keyMark: keyMark, value: member.value.placed(in: file))
                })
        case .scalar, .unreadable: break
        }
        return value
    }
}
