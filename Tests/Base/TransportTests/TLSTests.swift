import Foundation
import TLSTesting
import Testing

@testable import Transport

@Suite("TLS", .serialized)
struct TLSTests {
    @Test("trusts an authority only when it should")
    func authorities() async throws {
        let authority = try TestAuthority()
        let text = try String(contentsOfFile: authority.file, encoding: .utf8)
        try await TLSServer.with(try authority.issue(["IP:127.0.0.1"])) { server in
            let error = try await failure(HTTPRequest(.post, server.url + "/a"))
            #expect(error.tls?.cause == .unknownAuthority)
            #expect(!error.effectIsUnknown)
            for tls in [TLSOptions(authorities: text), TLSOptions(verifiesPeer: false)] {
                #expect(try await HTTPClient.shared.send(HTTPRequest(.get, server.url + "/b", tls: tls)).status == 200)
            }
            // Connections made without verification are not lent to those who want it.
            #expect(try await failure(HTTPRequest(.get, server.url + "/c")).kind == .tls)
            #expect(server.requests.map { $0.prefix(6) } == ["GET /b", "GET /b"])
        }
    }

    @Test("says what is wrong with a certificate, and what it is")
    func causes() async throws {
        let authority = try TestAuthority("Shop authority")
        let trust = TLSOptions(authorities: try String(contentsOfFile: authority.file, encoding: .utf8))
        let cases: [(TestCertificate, TLSOptions, TLSFault.Cause, [String])] = [
            (try authority.issue(["IP:127.0.0.1"], days: -1), trust, .expired, ["127.0.0.1"]),
            (try authority.issue(["DNS:master.mesos"]), trust, .wrongName, ["master.mesos"]),
            (try authority.issue(["IP:127.0.0.1"]), TLSOptions(), .unknownAuthority, ["127.0.0.1"]),
            (
                try TestCertificate.selfSigned(["IP:127.0.0.1", "DNS:leader.mesos"]), trust, .selfSigned,
                ["127.0.0.1", "leader.mesos"]
            ),
        ]
        for (certificate, tls, cause, names) in cases {
            try await TLSServer.with(certificate) { server in
                let fault = try await failure(HTTPRequest(.get, server.url, tls: tls)).tls
                #expect(fault?.cause == cause)
                #expect(fault?.server == server.address)
                #expect(fault?.name == "127.0.0.1")
                #expect(fault?.certificate?.names == names)
                #expect(fault?.certificate?.subject.contains("server") == true)
                #expect(((fault?.certificate?.ends ?? Date()) < Date()) == (cause == .expired))
                #expect(server.requests.isEmpty)
                // The same for a connection without HTTP.
                let address = try #require(SocketAddress("tcp:" + server.address))
                let socket = await #expect(throws: TransportError.self) {
                    try await TLSSocket.connect(to: address, tls: tls)
                }
                #expect(socket?.tls == fault)
            }
        }
    }

    @Test("asks for the server's name where it has another than its URL, and follows its redirects by that name")
    func serverName() async throws {
        let authority = try TestAuthority()
        let text = try String(contentsOfFile: authority.file, encoding: .utf8)
        let tls = TLSOptions(authorities: text, serverName: "master.mesos")
        try await TLSServer.with(try authority.issue(["DNS:master.mesos"])) { leader in
            try await TLSServer.with(try authority.issue(["DNS:master.mesos"])) { server in
                let request = HTTPRequest(
                    .get, server.url + "/redirect/%2F%2F\(leader.address)/state?a=b",
                    credentials: .basic(user: "u", password: "p"), tls: tls)
                let answer = try await HTTPClient.shared.send(request)
                #expect(answer.status == 200)
                #expect(answer.url == leader.url + "/state?a=b")
                #expect(leader.log == ["name master.mesos", "GET /state?a=b Basic dTpw \(leader.address)"])
                let stream = try await HTTPClient.shared.stream(request)
                #expect(stream.status == 200)
                for try await _ in stream.body {}
            }
        }
    }

    @Test("is not left by a redirect", arguments: [nil, "master.mesos"])
    func downgrade(serverName: String?) async throws {
        let plain = try await WebServer()
        defer { plain.stop() }
        let authority = try TestAuthority()
        let tls = TLSOptions(
            authorities: try String(contentsOfFile: authority.file, encoding: .utf8), serverName: serverName)
        try await TLSServer.with(try authority.issue(["DNS:master.mesos", "IP:127.0.0.1"])) { server in
            let target = plain.url + "/drop/0/seen"
            let error = try await failure(HTTPRequest(.get, server.url + "/redirect/" + target, tls: tls))
            #expect(error.redirect?.cause == .lowerScheme)
            #expect(try await plain.hits("seen") == 0)
        }
    }

    @Test("shows a certificate to servers that demand one, and says so where there is none")
    func clientCertificate() async throws {
        let authority = try TestAuthority()
        let text = try String(contentsOfFile: authority.file, encoding: .utf8)
        let client = try authority.issue(["DNS:rz"])
        try await TLSServer.with(try authority.issue(["IP:127.0.0.1"]), demanding: authority.file) { server in
            let tls = TLSOptions(authorities: text, certificate: try client.text, key: try client.keyText)
            #expect(try await HTTPClient.shared.send(HTTPRequest(.get, server.url, tls: tls)).status == 200)
            let error = try await failure(HTTPRequest(.get, server.url, tls: TLSOptions(authorities: text)))
            #expect(error.tls?.cause == .clientCertificate)
        }
    }

    @Test("takes the authorities that it is given, though a server was built again with another")
    func rotated() async throws {
        let first = try TestAuthority("First")
        let second = try TestAuthority("Second")
        func tls(_ authority: TestAuthority) throws -> TLSOptions {
            TLSOptions(authorities: try String(contentsOfFile: authority.file, encoding: .utf8))
        }
        try await TLSServer.with(try first.issue(["IP:127.0.0.1"])) { server in
            #expect(try await HTTPClient.shared.send(HTTPRequest(.put, server.url, tls: tls(first))).status == 200)
            try server.show(try second.issue(["IP:127.0.0.1"]))
            #expect(try await failure(HTTPRequest(.put, server.url, tls: tls(first))).tls?.cause == .unknownAuthority)
            #expect(try await HTTPClient.shared.send(HTTPRequest(.put, server.url, tls: tls(second))).status == 200)
        }
    }

    @Test("says so of what speaks none, and of texts that are no certificates")
    func misuse() async throws {
        let plain = try await WebServer()
        defer { plain.stop() }
        let url = "https://127.0.0.1:\(plain.port)/"
        #expect(try await failure(HTTPRequest(.get, url)).tls?.cause == .noTLS)
        #expect(try await failure(HTTPRequest(.get, url, tls: TLSOptions(authorities: "none"))).tls?.cause == .ownFiles)
        let tls = TLSOptions(certificate: "none", key: "none")
        #expect(try await failure(HTTPRequest(.get, url, tls: tls)).tls?.cause == .ownFiles)
    }

    @Test("carries bytes without HTTP, and ends with its deadline, its task, or when it is closed")
    func bytes() async throws {
        let authority = try TestAuthority()
        let tls = TLSOptions(authorities: try String(contentsOfFile: authority.file, encoding: .utf8))
        try await TLSServer.with(try authority.issue(["IP:127.0.0.1"])) { server in
            let address = try #require(SocketAddress("tcp:" + server.address))
            let socket = try await TLSSocket.connect(to: address, tls: tls)
            #expect(socket.certificates.first?.names == ["127.0.0.1"])
            try await socket.write(Array("GET /bytes HTTP/1.0\r\n\r\n".utf8))
            var text = ""
            while true {
                let piece = try await socket.read()
                if piece.isEmpty { break }
                text += String(decoding: piece, as: UTF8.self)
            }
            #expect(text.hasSuffix("\r\n\r\n{}"))

            let silent = try await TLSSocket.connect(to: address, tls: tls)
            let late = await #expect(throws: TransportError.self) { try await silent.read(deadline: .milliseconds(50)) }
            #expect(late?.kind == .timedOut)
            let reading = Task { try await silent.read(deadline: .seconds(600)) }
            reading.cancel()
            let cancelled = await #expect(throws: TransportError.self) { try await reading.value }
            #expect(cancelled?.kind == .cancelled)
            let closed = await #expect(throws: TransportError.self) { try await silent.read() }
            #expect(closed?.kind == .connectionLost)
        }
    }

    private func failure(_ request: HTTPRequest) async throws -> TransportError {
        try await #require(throws: TransportError.self) { try await HTTPClient.shared.send(request) }
    }
}
