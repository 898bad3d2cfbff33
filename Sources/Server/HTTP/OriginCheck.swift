/// Refuses requests that a foreign web page made a browser send (403), among them those of a page whose
/// name was rebound to our address: such a request has the page's name as `Host`.
package struct OriginCheck: Sendable {
    private struct Authority: Sendable {
        var host: [UInt8]
        /// Nil: any port.
        var port: [UInt8]?
    }

    private let allowed: [Authority]
    private let loopback = ["localhost", "127.0.0.1", "[::1]"].map { Authority(host: [UInt8]($0.utf8), port: nil) }

    /// - Parameter allowed: `host:port`, or a host or IP literal alone for any port, of this node and those whose pages
    ///   may call it. IPv6 literals are taken with and without brackets.
    package init(allowed: [String]) {
        self.allowed = allowed.map { text in
            let bytes = [UInt8](text.lowercased().utf8)
            // More than one colon and no bracket: a bare IPv6 literal, whose colons separate no port.
            if bytes.first != UInt8(ascii: "["), bytes.count(where: { $0 == ASCII.colon }) > 1 {
                return Authority(host: [UInt8(ascii: "[")] + bytes + [UInt8(ascii: "]")], port: nil)
            }
            return bytes.withUnsafeBytes { bytes in
                let (host, port) = Self.split(bytes)
                return Authority(host: [UInt8](host), port: port.isEmpty ? nil : [UInt8](port))
            }
        }
    }

    /// Nil if the request may be served, else the 403 to answer.
    package func refusal(_ request: HTTPRequest) -> HTTPError? {
        // A request without Host is HTTP/1.0 and from no browser.
        if !request.host.isAbsent {
            let isOurs = request.withBytes(request.host) { host in
                Self.contains(allowed, host, defaultPort: "80") || Self.contains(loopback, host, defaultPort: "80")
            }
            guard isOurs else { return Self.foreignHost }
        }
        if !request.origin.isAbsent, !isOwn(origin: request) { return Self.foreignOrigin }
        if request.fetchSite.count > 0, request.origin.isAbsent {
            // Images and links carry no Origin, but a GET can write here.
            let isForeign = request.withBytes(request.fetchSite) { ASCII.matches($0, "cross-site") }
            guard !isForeign else { return Self.foreignOrigin }
        }
        return nil
    }

    private func isOwn(origin request: HTTPRequest) -> Bool {
        request.withBytes(request.origin) { origin in
            let isTLS = origin.count > 8 && ASCII.matches(UnsafeRawBufferPointer(rebasing: origin[0..<8]), "https://")
            let isPlain = origin.count > 7 && ASCII.matches(UnsafeRawBufferPointer(rebasing: origin[0..<7]), "http://")
            guard isTLS || isPlain else { return false }
            let authority = UnsafeRawBufferPointer(rebasing: origin[(isTLS ? 8 : 7)...])
            // Not the loopback names: another program's page on localhost is as foreign as any.
            if Self.contains(allowed, authority, defaultPort: isTLS ? "443" : "80") { return true }
            return request.withBytes(request.host) { host in
                host.count == authority.count
                    && host.indices.allSatisfy { ASCII.lower(host[$0]) == ASCII.lower(authority[$0]) }
            }
        }
    }

    private static let foreignHost = HTTPError(
        403,
        "foreign_host",
        "the Host header names another server; use the address of the node"
    )
    private static let foreignOrigin = HTTPError(403, "foreign_origin", "pages of other sites may not call this node")

    private static func contains(
        _ list: [Authority],
        _ authority: UnsafeRawBufferPointer,
        defaultPort: StaticString
    ) -> Bool {
        let (host, port) = split(authority)
        for entry in list where ASCII.matches(host, entry.host) {
            guard let wanted = entry.port else { return true }
            if port.isEmpty ? wanted.elementsEqual(defaultPort.description.utf8) : wanted.elementsEqual(port) {
                return true
            }
        }
        return false
    }

    /// `host:port` at its last colon, unless that is inside an IPv6 literal's brackets.
    private static func split(
        _ authority: UnsafeRawBufferPointer
    ) -> (host: UnsafeRawBufferPointer, port: UnsafeRawBufferPointer) {
        var index = authority.count
        while index > 0 {
            index -= 1
            if authority[index] == UInt8(ascii: "]") { break }
            if authority[index] == ASCII.colon {
                return (
                    UnsafeRawBufferPointer(rebasing: authority[0..<index]),
                    UnsafeRawBufferPointer(rebasing: authority[(index + 1)...])
                )
            }
        }
        return (authority, UnsafeRawBufferPointer(rebasing: authority[authority.count...]))
    }
}
