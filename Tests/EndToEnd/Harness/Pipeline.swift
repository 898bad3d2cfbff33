import Model
import Server

extension RESPClient {
    /// Sends commands without waiting for earlier replies. nil where the connection ended before the reply came.
    func replies(to commands: [[[UInt8]]]) async -> [RESPReply?] {
        await withTaskGroup(of: (Int, RESPReply?).self) { tasks in
            for (index, command) in commands.enumerated() {
                tasks.addTask { (index, try? await self.command(command)) }
            }
            return await tasks.reduce(into: Array(repeating: nil, count: commands.count)) { $0[$1.0] = $1.1 }
        }
    }
}

/// RESP connections by node, for a client that pipelines and follows MOVED.
actor Connections {
    private var open: [NodeAddress: RESPClient] = [:]

    /// The replies of the nodes in charge. nil where a node went away: the outcome is unknown then.
    func replies(to commands: [[[UInt8]]], from address: NodeAddress) async -> [RESPReply?] {
        var replies = await ask(commands, address)
        for _ in 0..<5 {
            var moved: [NodeAddress: [Int]] = [:]
            for (index, reply) in replies.enumerated() {
                guard case .error(let text) = reply, text.hasPrefix("MOVED "),
                    let target = text.split(separator: " ").last.flatMap({ try? NodeAddress(String($0)) })
                else { continue }
                moved[target, default: []].append(index)
            }
            if moved.isEmpty { break }
            for (target, indexes) in moved {
                for (index, reply) in zip(indexes, await ask(indexes.map { commands[$0] }, target)) {
                    replies[index] = reply
                }
            }
        }
        return replies
    }

    private func ask(_ commands: [[[UInt8]]], _ address: NodeAddress) async -> [RESPReply?] {
        guard let client = try? await client(address) else { return Array(repeating: nil, count: commands.count) }
        return await client.replies(to: commands)
    }

    private func client(_ address: NodeAddress) async throws -> RESPClient {
        if let client = open[address], client.isOpen { return client }
        let client = try await RESPClient.connect(to: address)
        open[address] = client
        return client
    }

    func close() async {
        for client in open.values { await client.close() }
        open = [:]
    }
}
