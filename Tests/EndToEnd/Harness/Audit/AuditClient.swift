import Model
import NIOCore
import Server

/// A client as a careful user has one: goes where redirects point, asks another node when one can't be reached or has no
/// leader, and repeats nothing whose outcome it does not know. For one task.
final class AuditClient {
    enum Answer {
        case reply(RESPReply)
        /// It was not done.
        case refused(History.Refusal)
        case unknown(String)
    }

    private let nodes: [NodeAddress]
    private let patience: TimeAmount
    private var leaders: [Int: NodeAddress] = [:]
    private var connections: [NodeAddress: RESPClient] = [:]
    private var turn: Int

    /// Enough for a redirect by each node of a shard to the next, and for every node of a cluster of nine being away.
    private static let attemptsMax = 12

    /// - Parameters:
    ///   - patience: how long an answer is waited for before the outcome counts as unknown.
    ///   - number: which node is asked first.
    init(_ nodes: [NodeAddress], patience: TimeAmount, number: Int) {
        self.nodes = nodes
        self.patience = patience
        turn = number
    }

    /// One command about a key of that shard.
    func send(_ words: [String], shard: Int) async -> Answer {
        var refusal = History.Refusal("it was asked nowhere")
        for _ in 0..<AuditClient.attemptsMax {
            let target = leaders[shard] ?? nextNode()
            leaders[shard] = target
            let reply: RESPReply
            do throws(ClientError) {
                reply = try await ask(words, target)
            } catch {
                leaders[shard] = nil
                guard error.code == .unreachable else { return .unknown("\(target): \(error.code.rawValue)") }
                refusal = .init(error.message, by: target)
                continue
            }
            guard case .error(let text) = reply else { return .reply(reply) }
            leaders[shard] = nil
            refusal = .init(text, by: target)
            guard text.hasPrefix("MOVED ") else { return .refused(refusal) }
            leaders[shard] = (try? Redirect(reply, askedNode: target))?.address
        }
        leaders[shard] = nil
        return .refused(refusal)
    }

    /// The same at one node, whoever leads.
    func ask(_ words: [String], at node: NodeAddress) async -> Answer {
        do throws(ClientError) {
            let reply = try await ask(words, node)
            if case .error(let text) = reply { return .refused(.init(text, by: node)) }
            return .reply(reply)
        } catch {
            guard error.code == .unreachable else { return .unknown(error.code.rawValue) }
            return .refused(.init(error.message, by: node))
        }
    }

    private func nextNode() -> NodeAddress {
        turn += 1
        return nodes[turn % nodes.count]
    }

    private func ask(_ words: [String], _ node: NodeAddress) async throws(ClientError) -> RESPReply {
        let client = try await connection(to: node)
        return try await client.command(words.map { Array($0.utf8) }, timeout: patience)
    }

    private func connection(to node: NodeAddress) async throws(ClientError) -> RESPClient {
        if let open = connections[node], open.isOpen { return open }
        let client = try await RESPClient.connect(to: node)
        connections[node] = client
        return client
    }

    func close() async {
        for client in connections.values { await client.close() }
        connections = [:]
    }
}
