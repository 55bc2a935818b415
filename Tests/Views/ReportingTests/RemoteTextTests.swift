import Foundation
import Migration
import Reporting
import Testing

/// Names, reasons and messages come from servers that rz does not control.
@Suite("Texts of outside systems in a view")
struct RemoteTextTests {
    /// Each would clear the screen, go up a line, turn the text, end a line or color what follows.
    private static let controls = [
        "\u{1B}[2J", "\u{1B}[1A", "\u{9B}2K", "\u{202E}", "\n", "\r", "\u{0}", "\u{7F}", "\u{2028}", "\u{1B}]0;x\u{7}",
    ]
    private static let forged = "FORGED line"

    @Test("move no cursor and make no line of their own", arguments: controls, [false, true])
    func views(control: String, isColored: Bool) throws {
        let text = "x\(control)\(RemoteTextTests.forged)"
        let style = Style(isColored: isColored)
        let failure = Failure(text, at: text, details: [text, text], advice: text)
        let plan = Example.plan { plan in
            plan.warnings.append(text)
            plan.obstacles.append(text)
            plan.capacity = text
            plan.destruction = [text]
            plan.ignored.append(IgnoredService(id: ServiceID(text), reason: text))
            plan.provisioning = ProvisioningChanges(add: [text])
        }
        let events = EventLines(plan, style: style)
        let kinds: [Event.Kind] = [
            .runHalted(failure: failure), .noted(text: text.visible),
            .stepWaiting(step: "replicate/launch/shop/cart", reason: text.visible),
            .trafficDriftDetected(loadBalancer: "edge-1", reason: text.visible), .newSideFailed(failure: failure),
        ]
        let told = kinds.enumerated().compactMap { index, kind in
            events.line(for: Event(run: "r", sequence: index + 1, time: Example.start, kind: kind))
        }
        let service = ServicesView.Entry(IgnoredService(id: ServiceID(text), reason: text))
        let views = [
            PlanView(plan, style: style).text,
            ServicesView(environment: text, color: .blue, services: [service]).text(style: style),
            told.joined(separator: "\n"), "error: \(failure.description)",
        ]
        for view in views {
            let shown = style.guarded(view)
            #expect(shown.contains(RemoteTextTests.forged))
            for line in shown.split(separator: "\n") {
                #expect(!line.trimmingCharacters(in: .whitespaces).hasPrefix(RemoteTextTests.forged))
            }
            let controls = shown.withoutColors.unicodeScalars.filter {
                $0 != "\n" && ($0.properties.generalCategory == .control || $0.properties.generalCategory == .format)
            }
            #expect(controls.isEmpty, "\(controls.map { String($0.value, radix: 16) }) in \(shown)")
        }
    }

    @Test("reach a terminal with no control but the colors that rz has itself")
    func guarded() {
        let colored = Style(isColored: true)
        let own = colored.bad("failed") + " " + colored.strong("x")
        #expect(colored.guarded(own) == own)
        #expect(colored.guarded("\u{1B}[2J\u{1B}[31mx\u{1B}]0;t\u{7}") == "\\u001b[2J\u{1B}[31mx\\u001b]0;t\\u0007")
        #expect(Style.plain.guarded("\u{1B}[31mx\n") == "\\u001b[31mx\n")
    }
}
