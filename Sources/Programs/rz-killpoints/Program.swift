import Commands
import KillPoints

/// rz with kill points, for `make crash-test`: it does what rz does, and ends or stops itself where its orders say.
@main
enum Program {
    static func main() async {
        await Interposition.$current.withValue(KillPoints.active) { await RZ.main() }
    }
}

extension KillPoints: Interposing {}
