/// A signature under a yes, and whose it is said to be.
public struct ApprovalSignature: Codable, Sendable, Hashable {
    /// As the environment's signers call the key: `ada`.
    public var signer: String
    /// In Base64, in one line: what stands between the first and the last line that ssh-keygen writes. Events hold no
    /// line ends.
    public var text: String

    public init(signer: String, text: String) {
        self.signer = signer
        self.text = text
    }
}

/// What a person signs who says yes to a step. It names the run, the plan and the step, so that the signature counts for
/// nothing else: not for another run, and not for the run as another commit would have it.
public struct ApprovalStatement: Sendable, Hashable {
    public var environment: String
    public var run: RunID
    public var plan: String
    public var step: StepID
    /// Beside it, nil for nothing.
    public var note: String?

    public init(_ plan: Plan, _ run: RunID, step: StepID, note: String?) {
        environment = plan.environment.name
        self.run = run
        self.plan = plan.id
        self.step = step
        self.note = note
    }

    /// The namespace of the signature: ssh-keygen(1), `-Y sign -n`.
    public static let namespace = "rz-approval"

    /// The bytes that are signed, in lines.
    public var text: String {
        """
        rz approval 1
        environment: \(environment)
        run: \(run)
        plan: \(plan)
        step: \(step)
        note: \((note ?? "").replacing("\n", with: " "))

        """
    }
}
