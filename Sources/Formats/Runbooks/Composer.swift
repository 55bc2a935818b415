import YAML

/// Turns YAML text into nodes, or into problems with their places.
enum Composer {
    struct Result {
        var node: YAMLNode?
        var problems: [(message: String, mark: Mark)] = []
    }

    static func compose(_ text: String) -> Result {
        do throws(YAMLError) {
            let document = try YAMLDocument(text)
            guard let root = document.root else {
                return Result(problems: [("the file is empty", Mark(line: 1, column: 1))])
            }
            return Result(
                node: root,
                problems: document.repeatedKeys.map { ("the key \"\($0.text)\" comes twice", Mark($0.place)) })
        } catch {
            let context = error.context.map { " (\($0))" } ?? ""
            let message = error.isSyntax ? "not valid YAML: \(error.message)\(context)" : error.message
            return Result(problems: [(message, error.place.map { Mark($0) } ?? Mark())])
        }
    }
}

extension Mark {
    init(_ place: YAMLNode.Place, path: String = "") {
        self.init(line: place.line, column: place.column, path: path)
    }
}
