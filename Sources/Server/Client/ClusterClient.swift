import Model
import NIOCore
import NIOPosix
import Routing

/// Finds the node that owns a key, through the config's slot map and the nodes' own redirects, and asks it.
package actor ClusterClient {
    private let config: ClusterConfig
    private let leaders: [String: NodeAddress]
    private let map: SlotMap
    private let group: any EventLoopGroup
    private var connections: [NodeAddress: RESPClient] = [:]

    /// Opens nothing yet. Throws what is wrong with the placement.
    /// - Parameter leaders: who leads each shard, by its name, where that is known better than from the config.
    package init(
        config: ClusterConfig,
        leaders: [String: NodeAddress] = [:],
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) throws(RoutingError) {
        self.config = config
        self.leaders = leaders
        self.group = group
        map = try config.placement.map(current: nil, shards: config.shardNames)
    }

    /// The value of `key` on its leader, or nil if there is none.
    package func get(_ key: [UInt8]) async throws(ClientError) -> [UInt8]? {
        switch try await command([Array("GET".utf8), key], key: key) {
        case .null: return nil
        case .bulk(let value): return value
        case let reply: throw Self.unexpected(reply, for: "GET")
        }
    }

    /// Writes `key` on its leader; returns when the write is acknowledged.
    package func put(_ key: [UInt8], value: [UInt8]) async throws(ClientError) {
        let reply = try await command([Array("SET".utf8), key, value], key: key)
        guard reply == .simple("OK") else { throw Self.unexpected(reply, for: "SET") }
    }

    /// Removes `key` on its leader; false if there was none.
    package func delete(_ key: [UInt8]) async throws(ClientError) -> Bool {
        let reply = try await command([Array("DEL".utf8), key], key: key)
        guard case .integer(let count) = reply else { throw Self.unexpected(reply, for: "DEL") }
        return count > 0
    }

    /// Calls `visit` with every key that starts with `prefix`, shard by shard, until it returns false.
    ///
    /// A key written or removed meanwhile may or may not be seen; any other is seen at least once.
    package func scan(
        prefix: [UInt8] = [],
        pageSize: Int = 1000,
        visit: ([UInt8]) -> Bool
    ) async throws(ClientError) {
        let pattern = ScanPattern.matching(prefix: prefix)
        for shard in config.shards {
            var cursor = Array("0".utf8)
            repeat {
                let arguments =
                    [Array("SCAN".utf8), cursor] + (prefix.isEmpty ? [] : [Array("MATCH".utf8), pattern])
                    + [Array("COUNT".utf8), Array("\(pageSize)".utf8)]
                let reply = try await send(arguments, to: shard.address)
                guard let page = reply.elements, page.count == 2, let next = page[0].bytes,
                    let keys = page[1].elements
                else { throw Self.refusal(reply, from: shard.address) ?? Self.unexpected(reply, for: "SCAN") }
                for case .bulk(let key) in keys where !visit(key) { return }
                cursor = next
            } while cursor != Array("0".utf8)
        }
    }

    /// Closes all connections. The client may be used again afterwards.
    package func close() async {
        let open = connections.values
        connections = [:]
        for client in open { await client.close() }
    }

    /// Sends a command about one key to the leader of its slot, and after redirects to where they point.
    func command(_ arguments: [[UInt8]], key: [UInt8]) async throws(ClientError) -> RESPReply {
        let isRead = arguments.first?.withUnsafeBytes { RESPCommand.lookup($0)?.isWrite == false } ?? false
        var route = Route(nodes: candidates(for: key))
        while let address = try route.next() {
            let reply: RESPReply
            do throws(ClientError) {
                reply = try await send(arguments, to: address)
            } catch {
                // Only a connection that never opened leaves the outcome of a write certain: nothing was sent. A read may be
                // asked again, of whoever took over from a leader that hangs.
                let isAskedAgain = isRead && (error.code == .timeout || error.code == .closed)
                guard error.code == .unreachable || isAskedAgain else { throw error }
                let silence = ClientError(error.code, "\(address) did not answer; `shoal status` shows who does")
                route.failed(address, isAskedAgain ? silence : error)
                continue
            }
            if let target = try Redirect(reply, askedNode: address)?.address {
                try route.redirected(to: target)
            } else if let refusal = Self.refusal(reply, from: address) {
                throw refusal
            } else {
                return reply
            }
        }
        throw route.unreachable
    }

    /// The leader of the key's shard, its replicas, then everyone else: any node knows where a key belongs.
    private func candidates(for key: [UInt8]) -> [NodeAddress] {
        let owner = config.shards[Int(map.owner(of: key.withUnsafeBytes { KeySlot.slot(of: $0) }))]
        let known = leaders[owner.name].map { leader in [leader] + owner.nodes.filter { $0 != leader } }
        let first = known ?? owner.nodes
        return first + config.allNodes.filter { !first.contains($0) }
    }

    private func send(_ arguments: [[UInt8]], to address: NodeAddress) async throws(ClientError) -> RESPReply {
        let client = try await connection(to: address)
        return try await client.command(arguments)
    }

    private func connection(to address: NodeAddress) async throws(ClientError) -> RESPClient {
        if let client = connections[address], client.isOpen { return client }
        let client = try await RESPClient.connect(to: address, group: group)
        // Another task may have been faster while this one waited.
        if let earlier = connections[address], earlier.isOpen {
            await client.close()
            return earlier
        }
        connections[address] = client
        return client
    }

    private static func refusal(_ reply: RESPReply, from address: NodeAddress) -> ClientError? {
        guard case .error(let text) = reply else { return nil }
        return ClientError(.refused, "\(address) refused: \(text)")
    }

    static func unexpected(_ reply: RESPReply, for command: String) -> ClientError {
        ClientError(.badReply, "\(command) was answered with \(reply): is this a Shoal node?")
    }
}
