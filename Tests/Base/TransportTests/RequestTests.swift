import Testing
import Transport

@Suite("Requests", .serialized)
struct RequestTests {
    @Test("carry method, headers and body, and bring back status, headers and body")
    func exchange() async throws {
        let server = try await WebServer()
        defer { server.stop() }
        let answer = try await HTTPClient.shared.send(
            HTTPRequest(
                .post, server.url + "/echo?a=b", headers: [HTTPHeader("X-Name", "value"), HTTPHeader("X-Empty", "")],
                body: Array("a body".utf8)))
        #expect(answer.status == 200)
        #expect(answer.isSuccess)
        #expect(answer.text.hasPrefix("POST /echo?a=b\n"))
        #expect(answer.text.contains("X-Name: value\n"))
        #expect(answer.text.contains("X-Empty: \n"))
        #expect(answer.text.hasSuffix("\n\na body"))
        #expect(answer.headers["content-LENGTH"] == "\(answer.body.count)")
        #expect(answer.headers["X-None"] == nil)
    }

    @Test("of every method arrive as such", arguments: [HTTPMethod.get, .put, .patch, .delete, .post])
    func methods(_ method: HTTPMethod) async throws {
        let server = try await WebServer()
        defer { server.stop() }
        #expect(
            try await HTTPClient.shared.send(HTTPRequest(method, server.url + "/echo")).text.hasPrefix(
                "\(method) /echo"))
    }

    @Test("without a body say so where one is expected, and claim no content type that no one gave")
    func emptyBody() async throws {
        let server = try await WebServer()
        defer { server.stop() }
        let empty = try await HTTPClient.shared.send(HTTPRequest(.post, server.url + "/echo")).text
        #expect(empty.contains("Content-Length: 0\n"))
        #expect(!empty.lowercased().contains("content-type"))
        let full = try await HTTPClient.shared.send(HTTPRequest(.put, server.url + "/echo", body: [123, 125])).text
        #expect(full.contains("Content-Length: 2\n"))
        #expect(!full.lowercased().contains("content-type"))
        #expect(try await !HTTPClient.shared.send(HTTPRequest(.get, server.url + "/echo")).text.contains("Content-"))
    }

    @Test("for the head bring back no body")
    func head() async throws {
        let server = try await WebServer()
        defer { server.stop() }
        let answer = try await HTTPClient.shared.send(HTTPRequest(.head, server.url + "/big/1000"))
        #expect(answer.headers["Content-Length"] == "1000")
        #expect(answer.body.isEmpty)
    }

    @Test("return whatever status comes", arguments: [204, 404, 409, 500, 503])
    func statuses(_ status: Int) async throws {
        let server = try await WebServer()
        defer { server.stop() }
        let answer = try await HTTPClient.shared.send(HTTPRequest(.get, server.url + "/status/\(status)"))
        #expect(answer.status == status)
    }

    @Test("go over a UNIX socket")
    func unixSocket() async throws {
        let server = try await WebServer(.unix)
        defer { server.stop() }
        let answer = try await HTTPClient.shared.send(
            HTTPRequest(.get, "http://anything/echo", unixSocket: server.socket))
        #expect(answer.text.contains("Host: anything\n"))
    }

    @Test(
        "show who asks",
        arguments: [
            (Credentials.basic(user: "me", password: "a:b"), "Basic bWU6YTpi"), (.bearer("t"), "Bearer t"),
            (.token("t"), "token=t"),
        ])
    func credentials(_ credentials: Credentials, _ header: String) async throws {
        let server = try await WebServer()
        defer { server.stop() }
        let answer = try await HTTPClient.shared.send(
            HTTPRequest(.get, server.url + "/echo", credentials: credentials))
        #expect(answer.text.contains("Authorization: \(header)\n"))
        #expect("\(credentials)" == "credentials")
    }

    @Test("a thousand at once are all answered")
    func concurrency() async throws {
        let server = try await WebServer()
        defer { server.stop() }
        let answered = try await withThrowingTaskGroup(of: String.self) { group in
            for number in 0..<1000 {
                group.addTask {
                    try await HTTPClient.shared.send(
                        HTTPRequest(
                            .post, server.url + "/echo", body: Array("<\(number)>".utf8), deadline: .seconds(120))
                    ).text
                }
            }
            return try await group.reduce(into: Set<Substring>()) { set, text in
                if let start = text.lastIndex(of: "<") { set.insert(text[start...]) }
            }
        }
        #expect(answered.count == 1000)
    }
}

@Suite("Redirects", .serialized)
struct RedirectTests {
    @Test("with 307 to //host:port, as Mesos makes them, repeat the body")
    func schemeRelative() async throws {
        let (first, second) = (try await WebServer(), try await WebServer())
        defer { for server in [first, second] { server.stop() } }
        let answer = try await HTTPClient.shared.send(
            HTTPRequest(
                .post, first.url + "/redirect/307/%2F%2F127.0.0.1:\(second.port)%2Fecho", body: Array("body".utf8)))
        #expect(answer.text.hasPrefix("POST /echo\n"))
        #expect(answer.text.hasSuffix("\n\nbody"))
        #expect(answer.url == second.url + "/echo")
    }

    @Test("with 303 ask for the result instead of repeating the request")
    func seeOther() async throws {
        let server = try await WebServer()
        defer { server.stop() }
        let answer = try await HTTPClient.shared.send(
            HTTPRequest(.post, server.url + "/redirect/303/%2Fecho", body: Array("body".utf8)))
        #expect(answer.text.hasPrefix("GET /echo\n"))
        #expect(!answer.text.hasSuffix("body"))
    }

    @Test(
        "to another host take who asks along only where that is allowed, and else are not followed",
        arguments: [
            Credentials.basic(user: "me", password: "secret"), .bearer("secret"), .token("secret"),
        ])
    func credentials(_ credentials: Credentials) async throws {
        let (first, second) = (try await WebServer(), try await WebServer())
        defer { for server in [first, second] { server.stop() } }
        let target = "\(first.url)/redirect/307/http:%2F%2Flocalhost:\(second.port)%2Fecho"
        let careful = HTTPRequest(.get, target, credentials: credentials)
        let error = try await #require(throws: TransportError.self) { try await HTTPClient.shared.send(careful) }
        #expect(error.redirect?.cause == .foreignHost)
        #expect(error.redirect?.from == first.url)
        #expect(error.redirect?.to == "http://localhost:\(second.port)")
        let known = HTTPRequest(.get, target, credentials: credentials, mayRedirectTo: { $0 == "localhost" })
        #expect(try await HTTPClient.shared.send(known).text.contains("Authorization"))
        // Back to where it began, whatever else is allowed.
        let back =
            "\(first.url)/redirect/307/http:%2F%2Flocalhost:\(second.port)%2Fredirect%2F307%2F"
            + "http:%252F%252F127.0.0.1:\(first.port)%252Fecho"
        let there = HTTPRequest(.get, back, credentials: credentials, mayRedirectTo: { $0 == "localhost" })
        #expect(try await HTTPClient.shared.send(there).text.contains("Authorization"))
        // A stream no less.
        let streamed = try await #require(throws: TransportError.self) {
            _ = try await HTTPClient.shared.stream(careful)
        }
        #expect(streamed.redirect == error.redirect)
    }

    @Test("to another host take no body, no header of one's own and no user of the URL along, and do not mention them")
    func confidential() async throws {
        let (first, second) = (try await WebServer(), try await WebServer())
        defer { for server in [first, second] { server.stop() } }
        let target = "/redirect/307/http:%2F%2Flocalhost:\(second.port)%2Fdrop%2F0%2Fseen"
        let requests = [
            HTTPRequest(.post, first.url + target, body: Array("canary".utf8)),
            HTTPRequest(.get, first.url + target, headers: [HTTPHeader("X-Token", "canary")]),
            HTTPRequest(.get, "http://u:canary@127.0.0.1:\(first.port)" + target),
        ]
        for request in requests {
            let error = try await #require(throws: TransportError.self) { try await HTTPClient.shared.send(request) }
            #expect(error.kind == .redirect)
            #expect(!error.effectIsUnknown)
            #expect(!error.description.contains("canary"))
        }
        #expect(try await second.hits("seen") == 0)
        // What holds nothing of the kind may be asked of anyone.
        let plain = HTTPRequest(.get, first.url + target, headers: [HTTPHeader("Accept", "text/plain")])
        #expect(try await HTTPClient.shared.send(plain).status == 200)
        #expect(try await second.hits("seen") == 1)
    }

    @Test("keep the user and password of the URL, and take none from the answer")
    func userInformation() async throws {
        let (first, second) = (try await WebServer(), try await WebServer())
        defer { for server in [first, second] { server.stop() } }
        func echo(_ start: String, to: String) async throws -> String {
            let target = "/redirect/307/http:%2F%2F\(to)127.0.0.1:\(second.port)%2Fecho"
            return try await HTTPClient.shared.send(
                HTTPRequest(.get, "http://\(start)127.0.0.1:\(first.port)" + target)
            )
            .text
        }
        #expect(try await echo("me:pw@", to: "").contains("Authorization: Basic bWU6cHc=\n"))
        #expect(try await echo("me:pw@", to: "you:x@").contains("Authorization: Basic bWU6cHc=\n"))
        #expect(try await !echo("", to: "you:x@").contains("Authorization"))
    }

    @Test("are not followed when none are allowed, and end after a few")
    func limits() async throws {
        let server = try await WebServer()
        defer { server.stop() }
        let answer = try await HTTPClient.shared.send(
            HTTPRequest(.get, server.url + "/redirect/307/%2Fecho", maximumRedirects: 0))
        #expect(answer.status == 307)
        #expect(answer.headers["Location"] == "/echo")
        // A reference of a query only leads to the same path again (RFC 3986, section 5.2.2).
        let error = await #expect(throws: TransportError.self) {
            try await HTTPClient.shared.send(
                HTTPRequest(.get, server.url + "/redirect/307/%3Fagain", maximumRedirects: 3))
        }
        #expect(error?.redirect?.cause == .tooMany)
        #expect(error?.isTransient == false)
        #expect(try await server.hits("redirect") == 1 + 4)
    }

    @Test("never lead to a file")
    func schemes() async throws {
        let server = try await WebServer()
        defer { server.stop() }
        let error = await #expect(throws: TransportError.self) {
            try await HTTPClient.shared.send(
                HTTPRequest(.get, server.url + "/redirect/302/file:%2F%2F%2Fetc%2Fhostname"))
        }
        #expect(error?.redirect?.cause == .malformed)
        await #expect(throws: TransportError.self) {
            try await HTTPClient.shared.send(HTTPRequest(.get, "file:///etc/hostname"))
        }
    }
}

@Suite("A proxy", .serialized)
struct ProxyTests {
    @Test("is asked for the hosts that it is for, by what the request says and nothing else")
    func used() async throws {
        let (proxy, server) = (try await WebServer(), try await WebServer())
        defer { for server in [proxy, server] { server.stop() } }
        let url = proxy.url
        let choose: @Sendable (String) -> String? = { $0 == "shop.example" ? url : nil }
        let away = try await HTTPClient.shared.send(
            HTTPRequest(.get, "http://SHOP.example/echo", retry: RetryPolicy.none, proxy: choose))
        #expect(away.text.hasPrefix("by proxy: GET http://SHOP.example/echo"))
        let here = try await HTTPClient.shared.send(HTTPRequest(.get, server.url + "/echo", proxy: choose))
        #expect(here.text.hasPrefix("GET /echo\n"))
        // Chosen again for each server of a redirect.
        let target = server.url + "/redirect/307/http:%2F%2Fshop.example%2Fecho"
        let led = try await HTTPClient.shared.send(
            HTTPRequest(.get, target, retry: RetryPolicy.none, proxy: choose))
        #expect(led.text.hasPrefix("by proxy: GET http://shop.example/echo"))
    }
}
