import Migration

/// Knows one secret, `TOKEN`.
let resolver: Resolver = { setting throws(Failure) in
    var text = ""
    for part in setting.parts {
        switch part {
        case .text(let literal): text += literal
        case .reference(_, let name):
            guard name == "TOKEN" else { throw Failure("\(name) is not set") }
            text += "hunter2"
        }
    }
    return text
}
