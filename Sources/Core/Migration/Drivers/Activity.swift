/// What a call belongs to: a step, the watch over the weights, or the run as a whole.
///
/// Drivers don't need it. Who stands between them and the engine may: calls of steps that run side by side come in any
/// order, while each step's own calls keep theirs.
public enum Activity {
    @TaskLocal public static var current = "run"
}
