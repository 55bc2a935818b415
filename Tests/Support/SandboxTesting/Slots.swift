/// Lets a few in at a time; the others wait for their turn.
package actor Slots {
    /// Two sandboxes at most: more would starve each other on a small machine.
    package static let sandboxes = Slots(2)

    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    package init(_ count: Int) { free = count }

    package func take() async {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    package func give() {
        if waiting.isEmpty {
            free += 1
        } else {
            waiting.removeFirst().resume()
        }
    }
}
