import Yams

/// Turns YAML text into nodes, or into problems with their places.
enum Composer {
    private static let largestFile = 1 << 20
    /// Keys that come twice, to name before giving up.
    private static let mostRepetitions = 20

    struct Result {
        var node: Node?
        var problems: [(message: String, mark: Mark)] = []
        /// What stands in the place of keys that come twice, so that the rest of the file can be read.
        var repeatedKeys: Set<String> = []
    }

    static func compose(_ text: String) -> Result {
        var result = Result()
        guard text.utf8.count <= largestFile else {
            result.problems.append(("longer than \(largestFile >> 20) MiB", Mark()))
            return result
        }
        if let problem = Outline.problem(in: text) {
            result.problems.append(problem)
            return result
        }
        var text = text
        // Each round, and each repetition in it, reads the whole file again: of a large one fewer are named.
        let most = min(mostRepetitions, max(1, (largestFile >> 2) / max(1, text.utf8.count)))
        for _ in 0..<most {
            do {
                result.node = try Yams.compose(yaml: text)
                if result.node == nil { result.problems.append(("the file is empty", Mark(line: 1, column: 1))) }
                return result
            } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
                let repetitions = keys.prefix(most).compactMap {
                    repetition(of: $0, in: text, mapping: context.mark)
                }
                guard !repetitions.isEmpty else {
                    let message = "these keys come twice: \(keys.joined(separator: ", "))"
                    result.problems.append((message, Mark(line: context.mark.line, column: context.mark.column)))
                    return result
                }
                for repetition in repetitions {
                    let mark = Mark(line: repetition.line, column: repetition.column)
                    result.problems.append(("the key \"\(repetition.key)\" comes twice", mark))
                    text = repetition.renamed(in: text, number: result.repeatedKeys.count, &result.repeatedKeys)
                }
            } catch let error as YamlError {
                result.problems.append(problem(error))
                return result
            } catch {
                result.problems.append(("\(error)", Mark()))
                return result
            }
        }
        return result
    }

    private static func problem(_ error: YamlError) -> (message: String, mark: Mark) {
        switch error {
        case .scanner(let context, let text, let mark, _), .parser(let context, let text, let mark, _),
            .composer(let context, let text, let mark, _):
            let context = context.map { " (\($0.text))" } ?? ""
            return ("not valid YAML: \(text)\(context)", Mark(line: mark.line, column: mark.column))
        case .reader(let text, let offset, _, let yaml):
            let before = yaml.unicodeScalars.prefix(offset ?? 0)
            let line = before.count { $0 == "\n" } + 1
            let column = before.reversed().prefix { $0 != "\n" }.count + 1
            return ("not valid YAML: \(text)", Mark(line: line, column: column))
        default: return ("not valid YAML: \(error)", Mark())
        }
    }

    // MARK: - Keys that come twice

    /// A key of a block mapping that stands there a second time.
    private struct Repetition {
        var key: String
        var line: Int
        var column: Int

        /// The text with that key replaced by one as long, which no file has: private-use characters.
        func renamed(in text: String, number: Int, _ names: inout Set<String>) -> String {
            var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            let letters = Array(lines[line - 1])
            guard let mark = UnicodeScalar(0xE000 + number) else { return text }
            let name = String(repeating: Character(mark), count: key.count)
            names.insert(name)
            lines[line - 1] = String(letters[..<(column - 1)]) + name + String(letters[(column - 1 + key.count)...])
            return lines.joined(separator: "\n")
        }
    }

    /// Keys of one block mapping stand in one column: the second plain line of that kind is the repetition.
    private static func repetition(of key: String, in text: String, mapping: Yams.Mark) -> Repetition? {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let indentation = String(repeating: " ", count: mapping.column - 1)
        var isFirst = true
        for (index, line) in lines.enumerated().dropFirst(mapping.line - 1) {
            // The first key may follow a dash, so what precedes it does not matter there.
            let isHead = index == mapping.line - 1
            let begins = isHead || line.hasPrefix(indentation)
            let isComment = line.drop(while: { $0 == " " }).first == "#"
            if !begins, !isComment, !line.allSatisfy(\.isWhitespace) { return nil }
            let content = line.dropFirst(indentation.count)
            guard begins, content.hasPrefix(key + ":"), content.dropFirst(key.count + 1).first ?? " " == " " else {
                continue
            }
            if !isFirst { return Repetition(key: key, line: index + 1, column: mapping.column) }
            isFirst = false
        }
        return nil
    }
}
