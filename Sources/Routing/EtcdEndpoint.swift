import Model

/// One of etcd's addresses: `http(s)://[user:password@]host:port`.
package struct EtcdEndpoint: Hashable, Sendable, CustomStringConvertible {
    package var isTLS: Bool
    package var address: NodeAddress
    /// Percent-decoded; nil where the endpoint has none.
    package var user: String?
    package var password: String?

    /// Reads an endpoint; nil for anything else.
    package init?(_ text: String) {
        guard let scheme = ["http://", "https://"].first(where: { text.hasPrefix($0) }) else { return nil }
        var rest = text.dropFirst(scheme.count)
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        if let at = rest.lastIndex(of: "@") {
            let credentials = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard credentials.count == 2, !credentials[0].isEmpty,
                let user = Self.decoded(credentials[0]), let password = Self.decoded(credentials[1])
            else { return nil }
            (self.user, self.password) = (user, password)
            rest = rest[rest.index(after: at)...]
        }
        guard let address = try? NodeAddress(String(rest)) else { return nil }
        isTLS = scheme == "https://"
        self.address = address
    }

    /// Without user and password.
    package var description: String { "\(isTLS ? "https" : "http")://\(address)" }

    /// nil for a `%` that is not followed by two hexadecimal digits, or bytes that are no text.
    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2, let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
