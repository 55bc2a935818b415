import Migration
import XML

/// What an error of the API means, and what to do.
///
/// Source: Elastic Load Balancing API reference 2015-12-01, Common Error Types; request throttling, user guide.
struct ELBFault {
    let name: LoadBalancerID
    let place: String
    let action: String
    let onlyAsks: Bool

    /// Codes that ask for patience: the request was not looked at.
    private static let throttled: Set<String> = [
        "Throttling", "ThrottlingException", "ThrottledException", "RequestLimitExceeded", "RequestThrottled",
        "RequestThrottledException", "TooManyRequestsException", "SlowDown", "PriorRequestNotComplete",
    ]
    private static let identity: Set<String> = [
        "InvalidClientTokenId", "UnrecognizedClientException", "MissingAuthenticationToken", "IncompleteSignature",
        "SignatureDoesNotMatch", "InvalidSignatureException", "AuthFailure", "OptInRequired",
    ]
    private static let expired: Set<String> = ["ExpiredToken", "ExpiredTokenException", "RequestExpired"]
    private static let denied: Set<String> = ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"]

    func failure(_ status: Int, _ error: XMLElement?) -> Failure {
        let code = error?["Code"]?.text ?? ""
        let message = error?["Message"]?.text ?? ""
        let place = "\(place), \(action)"
        let words = [code.isEmpty ? "HTTP \(status)" : code, message].filter { !$0.isEmpty }.joined(separator: ": ")
        switch code {
        case let code where ELBFault.throttled.contains(code):
            return Failure(
                "The API of \(name) is rate-limiting requests (\(code))", at: place, details: [message],
                advice: "See who else calls it in this account and region; AWS can raise the limit.", kind: .transient)
        case let code where ELBFault.identity.contains(code):
            // Their messages may repeat what was signed, a session token included.
            return Failure(
                "The API of \(name) rejected the credentials (\(code))", at: place,
                advice:
                    "Check `accessKey`, `secretKey` and `sessionToken` of this load balancer, its `region`, and the "
                    + "clock of this host.")
        case let code where ELBFault.expired.contains(code):
            return Failure(
                "The credentials for the API of \(name) have expired (\(code))", at: place,
                advice: "Renew them where `sessionToken` refers to, or correct the clock of this host.")
        case let code where ELBFault.denied.contains(code):
            return Failure(
                "The API of \(name) does not allow \(action)", at: place, details: [message],
                advice: "Allow elasticloadbalancing:\(action) to who calls; docs/security.md lists all that rz needs.")
        case "LoadBalancerNotFound", "ListenerNotFound", "RuleNotFound", "TargetGroupNotFound":
            return Failure(
                "\(name) has nothing of that name (\(code))", at: place, details: [message],
                advice:
                    "Correct `rules` of this load balancer: ARNs of listener rules, or of listeners for their default "
                    + "rules.")
        default:
            let kind: Failure.Kind =
                status >= 500 || status == 429 ? onlyAsks ? .transient : .unknownEffect : .permanent
            return Failure("The API of \(name) rejected the request", at: place, details: [words], kind: kind)
        }
    }
}
