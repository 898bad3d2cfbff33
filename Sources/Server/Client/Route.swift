import Routing

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
        let named = words[2].hasPrefix(":") ? askedNode.host + words[2] : String(words[2])
        do {
            address = try NodeAddress(named)
        } catch {
            throw ClientError(.badReply, "\(askedNode) redirects to an address that can't be read: \(error)")
        }
        self.slot = slot
    }
}
