import Testing
import Transport

/// libcurl signs; a server that computes the signature as AWS describes it judges.
@Suite("Requests signed for AWS", .serialized)
struct SignatureTests {
    private func signer(_ token: String? = nil, secret: String = "SECRET", region: String = "eu-central-1") -> AWSSigner
    {
        AWSSigner(
            accessKey: "AKID", secretKey: secret, sessionToken: token, region: region, service: "elasticloadbalancing")
    }

    private func form(_ url: String, _ signer: AWSSigner) -> HTTPRequest {
        HTTPRequest(
            .post, url + "/signed",
            headers: [HTTPHeader("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")],
            body: Array("Action=DescribeRules&Version=2015-12-01&Value=%C3%A4%20%2B".utf8), onlyAsks: true,
            credentials: .aws(signer))
    }

    @Test("have a signature that is right, that of a session token and of every other header included")
    func signed() async throws {
        let server = try await WebServer()
        defer { server.stop() }
        for token in [nil, "to/ken+==", String(repeating: "long", count: 300)] {
            let answer = try await HTTPClient.shared.send(form(server.url, signer(token)))
            #expect(answer.text == "good for eu-central-1/elasticloadbalancing/aws4_request")
        }
        let wrong = try await HTTPClient.shared.send(form(server.url, signer(secret: "OTHER")))
        #expect(wrong.text.hasPrefix("wrong: POST"))
    }

    @Test("show the secret key to no one: not to the server, and not in an error")
    func secret() async throws {
        let server = try await WebServer()
        defer { server.stop() }
        let signer = signer("TOKEN-OF-A-SESSION", secret: "A-SECRET-KEY")
        var request = form(server.url, signer)
        request.url = server.url + "/echo"
        let seen = try await HTTPClient.shared.send(request).text
        #expect(seen.contains("Authorization: AWS4-HMAC-SHA256 Credential=AKID/"))
        #expect(seen.contains("X-Amz-Security-Token: TOKEN-OF-A-SESSION\n"))
        #expect(!seen.contains("A-SECRET-KEY"))
        server.stop()
        request.retry = RetryPolicy.none
        let error = await #expect(throws: TransportError.self) { try await HTTPClient.shared.send(request) }
        for text in ["\(try #require(error))", "\(signer)", "\(Credentials.aws(signer))"] {
            #expect(!text.contains("A-SECRET-KEY") && !text.contains("TOKEN-OF-A-SESSION"), "\(text)")
        }
    }

    @Test("are not sent for a region that libcurl would read as several words")
    func malformed() async throws {
        let server = try await WebServer()
        defer { server.stop() }
        let error = await #expect(throws: TransportError.self) {
            try await HTTPClient.shared.send(form(server.url, signer(region: "eu:west")))
        }
        #expect(error?.kind == .malformed)
    }
}
