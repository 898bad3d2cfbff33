import Model

/// Which node to ask next for one command: the candidates in order, unless a redirect names another.
struct Route {
    private var nodes: [NodeAddress]
    private var redirect: NodeAddress?
    private var redirects = 0
    private var failures: [NodeAddress: ClientError] = [:]
    private var firstFailure: ClientError?

    init(nodes: [NodeAddress]) { self.nodes = nodes }

    /// The next node, or nil when none is left. Throws when the node a redirect names is known to be dead: asking the
    /// others would only bring the same redirect again.
    mutating func next() throws(ClientError) -> NodeAddress? {
        guard let target = redirect else { return nodes.isEmpty ? nil : nodes.removeFirst() }
        redirect = nil
        if let failure = failures[target] { throw failure }
        return target
    }

    mutating func failed(_ address: NodeAddress, _ error: ClientError) {
        failures[address] = error
        firstFailure = firstFailure ?? error
    }

    mutating func redirected(to target: NodeAddress) throws(ClientError) {
        redirects += 1
        guard redirects <= ClientLimits.redirects else {
            throw ClientError(
                .redirectLoop,
                "\(target) and others redirect in a circle (\(ClientLimits.redirects) times): compare `shoal status` "
                    + "with config.yaml"
            )
        }
        redirect = target
    }

    /// For when all candidates are used up: why the first could not be asked.
    var unreachable: ClientError {
        firstFailure ?? ClientError(.unreachable, "the config names no node to ask")
    }
}

/// Where `MOVED slot host:port` points.
package struct Redirect: Hashable, Sendable {
    package var slot: UInt16
    package var address: NodeAddress

    /// Nil if the reply is no redirect. `askedNode`'s host stands in for an empty one, as Redis Cluster defines.
    package init?(_ reply: RESPReply, askedNode: NodeAddress) throws(ClientError) {
        guard case .error(let text) = reply, text.hasPrefix("MOVED ") else { return nil }
        let words = text.split(separator: " ")
        guard words.count == 3, let slot = UInt16(words[1]) else {
            throw ClientError(.badReply, "\(askedNode) sent a redirect that can't be read: `\(text)`")
        }
        do {
            address = try Self.address(words[2], askedNode)
        } catch {
            throw ClientError(.badReply, "\(askedNode) redirects to an address that can't be read: \(error)")
        }
        self.slot = slot
    }

    /// `host:port` as Redis prints it: an IPv6 host has no brackets, so the last colon is the one before the port.
    private static func address(_ text: Substring, _ askedNode: NodeAddress) throws(RoutingError) -> NodeAddress {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return try NodeAddress(String(text))
        }
        let host = text[..<colon]
        if host.isEmpty { return NodeAddress(host: askedNode.host, port: port) }
        let isBareIPv6 = host.contains(":") && !host.hasPrefix("[")
        return try NodeAddress(isBareIPv6 ? "[\(host)]:\(port)" : String(text))
    }
}
