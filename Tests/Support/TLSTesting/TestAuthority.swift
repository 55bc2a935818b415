import Foundation

/// An authority that issues certificates, made by openssl in a folder of its own, which goes with the object.
package final class TestAuthority: Sendable {
    package let folder: String

    /// Of the authority's own certificate, PEM.
    package var file: String { folder + "/ca.pem" }

    package init(_ name: String = "Test authority") throws {
        folder = try temporaryFolder()
        try openssl(
            ["req", "-x509"] + ec + ["-days", "2", "-subj", "/CN=\(name)", "-keyout", "ca.key", "-out", "ca.pem"],
            in: folder)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// A certificate for names as openssl writes them: `DNS:localhost`, `IP:127.0.0.1`.
    ///
    /// - Parameter days: from now; -1 for one that ended yesterday.
    package func issue(_ names: [String], days: Int = 60) throws -> TestCertificate {
        let certificate = try TestCertificate()
        try request(certificate, names)
        try openssl(
            [
                "x509", "-req", "-in", "server.csr", "-CA", file, "-CAkey", folder + "/ca.key", "-CAcreateserial",
                "-days", "\(days)", "-extfile", "names", "-out", "server.pem",
            ], in: certificate.folder)
        return certificate
    }
}

/// A certificate and its key, which only its owner may read.
package final class TestCertificate: Sendable {
    package let folder: String

    package var file: String { folder + "/server.pem" }
    package var key: String { folder + "/server.key" }
    /// PEM.
    package var text: String { get throws { try String(contentsOfFile: file, encoding: .utf8) } }
    package var keyText: String { get throws { try String(contentsOfFile: key, encoding: .utf8) } }

    fileprivate init() throws { folder = try temporaryFolder() }

    /// One that no one but itself has issued.
    package static func selfSigned(_ names: [String]) throws -> TestCertificate {
        let certificate = try TestCertificate()
        try request(certificate, names)
        try openssl(
            [
                "x509", "-req", "-in", "server.csr", "-signkey", "server.key", "-days", "60", "-extfile", "names",
                "-out", "server.pem",
            ], in: certificate.folder)
        return certificate
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }
}

/// What openssl, or a server, did not do.
package struct TLSTestingError: Error, CustomStringConvertible {
    package let description: String
}

private let ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]

private func request(_ certificate: TestCertificate, _ names: [String]) throws {
    try "subjectAltName=\(names.joined(separator: ","))".write(
        toFile: certificate.folder + "/names", atomically: true, encoding: .utf8)
    try openssl(
        ["req"] + ec + ["-subj", "/O=Test/CN=server", "-keyout", "server.key", "-out", "server.csr"],
        in: certificate.folder)
}

private func openssl(_ arguments: [String], in folder: String) throws {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["openssl"] + arguments
    process.currentDirectoryURL = URL(filePath: folder)
    process.standardError = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
        throw TLSTestingError(description: "openssl \(arguments.joined(separator: " "))")
    }
}

package func temporaryFolder() throws -> String {
    var template = Array("/tmp/rz-tls-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw TLSTestingError(description: "no temporary folder") }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
