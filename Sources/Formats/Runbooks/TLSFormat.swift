import Migration

/// `tls`, wherever rz calls an address.
enum TLSFormat {
    static let field = Field.optional(
        "tls", shape, "whom to trust there, and who calls; `{}` for what `tls` at the top says")

    /// Beside each URL whose server may redirect to its leader.
    static let leaders = Field.optional(
        "leaders", .list(.text(.host), atLeast: 1),
        "hosts of other members that the color's inventory does not have; a redirect takes credentials to its servers, "
            + "the URL's host and these", example: "[ master-2.example.org ]")

    static let shape = Shape.object([
        .optional(
            "authorities", .setting,
            "file with the certificates to trust, PEM, relative to the environment's folder; without it the system's",
            example: "tls/authorities.pem"),
        .optional(
            "clientCertificate",
            .object([
                .required(
                    "certificate", .setting, "file, PEM, with those up to its authority", example: "tls/rz.pem"),
                .required(
                    "key", .secret, "a reference to its key, PEM; a file of mode 0600, outside the project",
                    example: "\"${file:/etc/rz/client.key}\""),
            ]), "for servers that demand one"),
        .optional(
            "serverName", .setting, "the name in the certificate, where it is not the URL's host; may hold `{{ … }}`",
            example: "master.mesos"),
        .optional(
            "insecure", .text, "why no certificate is verified; every plan shows it",
            example: "\"self-signed until the new CA is there in March\""),
    ])

    /// The rules of a place with a URL or an address.
    ///
    /// - Parameters:
    ///   - place: what holds `tls`, and the URL.
    ///   - standard: what holds for the whole environment.
    static func rules(
        _ place: Value, url: String? = nil, standard: TLSRules?, _ reader: inout Reader
    ) -> TLSRules? {
        guard let value = place["tls"] else { return standard }
        if let url = url.flatMap({ place[$0] }), url.text.lowercased().hasPrefix("http://") {
            reader.problem("`tls` is for https:// URLs, and this place has \(url.text)", at: value)
        }
        return rules(value, &reader).filled(from: standard)
    }

    static func rules(_ value: Value, _ reader: inout Reader) -> TLSRules {
        if value["insecure"] != nil, let authorities = value["authorities"] {
            reader.problem(
                "`authorities` are of no use where `insecure` says that nothing is verified", at: authorities)
        }
        let client = value["clientCertificate"].map { client in
            if let key = client["key"] { check(key, &reader) }
            return TLSRules.ClientCertificate(
                certificate: client["certificate"]?.setting ?? "", key: client["key"]?.setting ?? "")
        }
        return TLSRules(
            authorities: value["authorities"]?.setting, clientCertificate: client,
            serverName: value["serverName"]?.setting, insecure: value["insecure"]?.text)
    }

    /// A key stands in no file that the project's commits hold.
    private static func check(_ key: Value, _ reader: inout Reader) {
        if case .reference(let source, let name)? = key.setting.parts.first, source == "file",
            !name.text.hasPrefix("/"), !name.text.hasPrefix("${")
        {
            reader.problem("a key does not belong in the project: name it by an absolute path", at: key)
        }
    }
}
