import JSON
import Migration
import Runbooks

/// What is wrong with an environment, its runbook and the files that they name.
struct Validation {
    /// Nil for runbooks that no environment names yet.
    var environment: String?
    var runbook: String?
    var findings: [Finding] = []

    var isValid: Bool { !findings.contains { $0.severity == .error } }

    /// Asks nothing outside of this host.
    init(of name: String, _ folder: ProjectFolder) async {
        environment = name
        let inspection: ProjectFolder.Inspection
        do throws(Failure) { inspection = try folder.inspect(name) } catch {
            findings.append(Finding(.error, nil, error.description))
            return
        }
        runbook = inspection.runbook?.name
        findings += inspection.problems.map { Finding($0, name) }
        findings += inspection.failures.map { Finding(.error, name, $0.description) }
        guard let environment = inspection.environment else { return }
        let files = FileChecks(folder: folder, environment: environment, runbook: inspection.runbook)
        findings += await files.problems().map {
            Finding($0.verdict == .problem ? .error : .warning, name, $0.sentence)
        }
        let arguments = environment.visibleArguments + (inspection.runbook?.visibleArguments ?? [])
        findings += arguments.map { Finding(.warning, name, $0) }
        findings += files.fillIns().map { Finding($0, name) }
    }

    init(ofRunbooks names: [String], _ folder: ProjectFolder) {
        for name in names {
            do { _ = try folder.runbook(name) } catch let error as ConfigurationError {
                findings += error.problems.map { Finding($0, nil) }
            } catch {
                findings.append(Finding(.error, name, "\(error)"))
            }
        }
    }

    struct Finding: CustomStringConvertible {
        enum Severity: String {
            case error, warning
            case toFillIn = "to fill in"
        }

        var severity: Severity
        /// The environment or the runbook that it is of.
        var subject: String?
        var text: String
        /// Nil where it is no place in a file.
        var place: (file: String, line: Int, column: Int?)?
        /// The keys that lead to it.
        var path: String?
        /// For people.
        let description: String

        init(_ severity: Severity, _ subject: String?, _ text: String) {
            (self.severity, self.subject, self.text) = (severity, subject, text)
            description = "\(severity.rawValue): \(subject.map { $0 + ": " } ?? "")\(text)"
        }

        init(_ problem: ConfigurationError.Problem, _ subject: String?) {
            (severity, self.subject) = (.error, subject)
            text = problem.message + (problem.suggestion.map { "; did you mean \"\($0)\"?" } ?? "")
            place = (problem.file, problem.line, problem.column)
            path = problem.path
            description = "\(problem)"
        }

        init(_ fillIn: FillIn, _ subject: String) {
            (severity, self.subject, text) = (.toFillIn, subject, fillIn.text)
            place = (fillIn.file, fillIn.line, nil)
            description = "\(Severity.toFillIn.rawValue): \(fillIn)"
        }

        var json: JSONObject {
            var fields: [(String, JSON)] = [("severity", .string(severity.rawValue)), ("text", .string(text))]
            if let subject { fields.append(("subject", .string(subject))) }
            if let place {
                fields.append(("file", .string(place.file)))
                if place.line > 0 { fields.append(("line", .number(JSONNumber(place.line)))) }
                if let column = place.column, place.line > 0 {
                    fields.append(("column", .number(JSONNumber(column))))
                }
            }
            if let path, !path.isEmpty { fields.append(("path", .string(path))) }
            return JSONObject(fields)
        }
    }
}
