/// Runs work that must end by itself: a hang ends the process and names it.
func watched<Result>(_ name: String, _ work: () throws -> Result) throws -> Result {
    let watch = try Watch(target: name.replacing(" ", with: "-"))
    defer { watch.end() }
    watch.begin([], name)
    return try work()
}
