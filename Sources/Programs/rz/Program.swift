import Commands

@main
enum Program {
    static func main() async { await RZ.main() }
}
