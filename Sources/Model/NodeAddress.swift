import Glibc

/// Where a node is reached: one host and port for every protocol it speaks.
package struct NodeAddress: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
    /// A name, an IPv4 address, or an IPv6 address without brackets, in lower case (names ignore case).
    package let host: String
    /// 1 to 65535.
    package let port: UInt16

    package init(host: String, port: UInt16) {
        self.host = host.lowercased()
        self.port = port
    }

    /// Reads `host:port`; an IPv6 host stands in brackets: `[::1]:8080`.
    package init(_ text: String) throws(RoutingError) {
        let (host, port) = try Self.split(text)
        guard let number = Int(port), port.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
            throw RoutingError(.badAddress, "\"\(text)\": the port \"\(port)\" is not a number")
        }
        guard (1...65535).contains(number) else {
            throw RoutingError(.badAddress, "\"\(text)\": the port must be between 1 and 65535")
        }
        self.init(host: host, port: UInt16(number))
    }

    package init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    /// `host:port`, with an IPv6 host in brackets: what `init(_:)` reads.
    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// The name of this node's folder: `host_port`, with anything but letters, digits, `.` and `-` as `_`.
    package var folderName: String {
        let safe = host.unicodeScalars.map { scalar in
            Self.isNameScalar(scalar) ? Character(scalar) : "_"
        }
        return String(safe) + "_\(port)"
    }

    package static func < (left: NodeAddress, right: NodeAddress) -> Bool {
        (left.host, left.port) < (right.host, right.port)
    }

    private static func split(_ text: String) throws(RoutingError) -> (host: String, port: String) {
        let withPort = "write host:port, for example 127.0.0.2:8080"
        if text.hasPrefix("[") {
            guard let close = text.firstIndex(of: "]") else {
                throw RoutingError(.badAddress, "\"\(text)\": the bracket is not closed; write [::1]:8080")
            }
            let host = String(text[text.index(after: text.startIndex)..<close])
            let rest = text[text.index(after: close)...]
            guard rest.hasPrefix(":"), rest.count > 1 else {
                throw RoutingError(.badAddress, "\"\(text)\" has no port; write [::1]:8080")
            }
            guard let canonical = canonical(host, family: AF_INET6) else {
                throw RoutingError(.badAddress, "\"\(text)\": brackets are for IPv6 addresses; \(withPort)")
            }
            return (canonical, String(rest.dropFirst()))
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2 else {
            throw RoutingError(.badAddress, "\"\(text)\": write an IPv6 address in brackets: [::1]:8080")
        }
        guard parts.count == 2, !parts[1].isEmpty else {
            throw RoutingError(.badAddress, "\"\(text)\" has no port; \(withPort)")
        }
        guard !parts[0].isEmpty else { throw RoutingError(.badAddress, "\"\(text)\" has no host; \(withPort)") }
        guard parts[0].unicodeScalars.allSatisfy({ isNameScalar($0) || $0 == "_" }) else {
            throw RoutingError(.badAddress, "\"\(text)\": a host has only letters, digits, '.', '-' and '_'")
        }
        let host = String(parts[0])
        if host.utf8.allSatisfy({ $0 == 0x2E || ($0 >= 0x30 && $0 <= 0x39) }), canonical(host, family: AF_INET) == nil {
            throw RoutingError(.badAddress, "\"\(text)\": \(host) is no IPv4 address")
        }
        return (host, String(parts[1]))
    }

    private static func isNameScalar(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", ".", "-": true
        default: false
        }
    }

    /// The one spelling of an IP address, so that two spellings of an address are seen to be the same; nil if `host` is
    /// none of that family.
    private static func canonical(_ host: String, family: Int32) -> String? {
        var address = in6_addr()
        guard inet_pton(family, host, &address) == 1 else { return nil }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(family, &address, &text, socklen_t(text.count)) != nil else { return nil }
        return text.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } }
    }
}
