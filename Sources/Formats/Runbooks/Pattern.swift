/// What a text must look like: one regular expression for the decoder and the JSON Schema, in the syntax that Swift's
/// and ECMAScript's dialects share, for the whole text.
struct Pattern: Sendable {
    var expression: String
    /// How to write it, for the message to one who did not.
    var advice: String
    /// Whether numbers and flags, which YAML distinguishes from text, are taken as the text that was written.
    var takesAnyScalar = false
    /// Whether no message repeats a text that does not fit.
    var isSecret = false

    static let anything = Pattern(expression: #"[\s\S]*"#, advice: "", takesAnyScalar: true)
    static let filled = Pattern(expression: #"[\s\S]+"#, advice: "it is empty", takesAnyScalar: true)
    /// Text that is used as it is: a reference in it would never be resolved.
    static let literal = Pattern(
        expression: #"(?:(?!\$\{)[\s\S])+"#,
        advice: "a text that is not empty and holds no ${…}: nothing resolves it here",
        takesAnyScalar: true)

    /// What no file of the project may hold.
    static let secret = Pattern(
        expression: #"\$\{[\s\S]+\}"#,
        advice:
            "a secret is named by a reference, \"${file:/etc/rz/secret}\" or \"${env:VAR}\", and is not written here",
        takesAnyScalar: true, isSecret: true)

    /// The name of a file or folder, or a part of an id.
    static let name = Pattern(
        expression: "[A-Za-z0-9][A-Za-z0-9._-]{0,99}",
        advice: "a name has letters, digits, dots, dashes and underscores, and begins with a letter or a digit")
    /// What a load balancer takes as a name, or as a pattern of names.
    static let trafficName = Pattern(
        expression: "[A-Za-z0-9_.:*@/-]+",
        advice:
            "names on load balancers have letters, digits, '-', '_', '.' and ':', in Traefik and ALBs '@' and '/', too")
    /// What HAProxy's runtime API takes.
    static let haproxyName = Pattern(
        expression: "[A-Za-z0-9_.:*-]+", advice: "names in HAProxy have letters, digits, '-', '_', '.' and ':'")
    /// An environment variable that can't change what tools do without a trace in Git.
    static let variable = Pattern(
        expression: "(?!TF_|ANSIBLE_|GIT_|LD_)[A-Za-z_][A-Za-z0-9_]*",
        advice: "the name of an environment variable; TF_…, ANSIBLE_…, GIT_… and LD_… change what tools do, and no "
            + "file in Git would show it: set them in the module, in ansible.cfg or in the step that needs them")
    /// Of a value that a step gives.
    static let outputName = Pattern(
        expression: "[A-Za-z][A-Za-z0-9_]{0,63}",
        advice: "the name of an output has letters, digits and underscores, and begins with a letter")
    /// A word of a run, or what a step gave.
    static let word = Pattern(
        expression: "[A-Za-z]+|(?:[A-Za-z]+|\\.)/[A-Za-z0-9][A-Za-z0-9._-]*\\.[A-Za-z][A-Za-z0-9_]*",
        advice: "write it without braces: color, or what a step gave, preflight/count.rows")
    /// RFC 6901.
    static let jsonPointer = Pattern(
        expression: "(?:/(?:[^~/$]|~[01])*)*", advice: "a JSON pointer is written as /hosts/0/name")
    /// A key of a store, with parts between slashes.
    static let keyPath = Pattern(
        expression: "[A-Za-z0-9_.:-]+(?:/[A-Za-z0-9_.:-]+)*",
        advice: "a key has letters, digits, '-', '_', '.' and ':', and no / at its ends")
    static let clock = Pattern(
        expression: "(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00", advice: "a time of day is written as 22:00",
        takesAnyScalar: true)
    static let day = Pattern(expression: "[0-9]{4}-[0-9]{2}-[0-9]{2}", advice: "a day is written as 2027-03-01")
    /// Of a file within a folder.
    static let innerPath = Pattern(
        expression: #"(?!/)(?!(?:[\s\S]*/)?\.\.(?:/|$))(?:(?!\$\{)[\s\S])+"#,
        advice: "a path below the environment's folder: without / in front, and without .. and ${…}")
    static let absolutePath = Pattern(expression: #"/[\s\S]*"#, advice: "it begins with /")
    static let url = Pattern(
        expression: #"(?:https?://|\$\{|\{\{)[\s\S]+"#, advice: "write it as http://host:port or https://host:port")
    /// A name or an address, without scheme, port and path.
    static let host = Pattern(
        expression: #"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?|[0-9A-Fa-f:.]+"#,
        advice: "write a host as a name or an address, without http:// and port")
    static let hosts = Pattern(
        expression: "[A-Za-z0-9_.:*-]+", advice: "write a host as a name or an address; * stands for any text")
    static let socket = Pattern(
        expression: #"(?:unix:/|tcp:|unix:\$\{|\$\{)[\s\S]+"#, advice: "write it as unix:/path or tcp:host:port")
    static let label = Pattern(expression: #"[^=]+=[\s\S]+"#, advice: "a label is matched as key=value")

    // Nine digits a unit: no sum of them is too large for a `Period`.
    private static let periodExpression =
        "(?=[0-9])(?:[0-9]{1,9}d)?(?:[0-9]{1,9}h)?(?:[0-9]{1,9}m)?(?:[0-9]{1,9}s)?(?:[0-9]{1,9}ms)?"
    private static let periodAdvice = "a length of time is written as 500ms, 30s, 1m30s or 2h"
    static let period = Pattern(expression: periodExpression, advice: periodAdvice)
    static let periodAboveZero = Pattern(
        expression: "(?=.*[1-9])" + periodExpression, advice: periodAdvice + ", here longer than nothing")
    /// A number by YAML 1.2's core schema, section 10.3.2, as far as JSON has it.
    static let number = Pattern(
        expression: #"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"#, advice: "a number is written as 1.5")
    static let percent = Pattern(
        expression: #"(?:100(?:\.0{1,3})?|[0-9]{1,2}(?:\.[0-9]{1,3})?) *%"#,
        advice: "a percentage is written as 0.1% or 50%, from 0% to 100%")
}

/// Matches texts with patterns; keeps what it has compiled, as compiling takes longer than matching.
final class Matcher {
    private var compiled: [String: Regex<AnyRegexOutput>] = [:]

    func fits(_ text: String, _ pattern: Pattern) -> Bool {
        guard let regex = regex(pattern.expression) else { return false }
        return (try? regex.wholeMatch(in: text)) != nil
    }

    private func regex(_ expression: String) -> Regex<AnyRegexOutput>? {
        if let known = compiled[expression] { return known }
        let regex = try? Regex(expression).matchingSemantics(.unicodeScalar)
        compiled[expression] = regex
        return regex
    }
}
