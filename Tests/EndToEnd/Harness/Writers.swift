import Model
import Server
import Synchronization

/// Clients that write one key after the other, each with its own value, and go where redirects point.
final class Writers: Sendable {
    private struct State {
        var acknowledged: [[UInt8]: [UInt8]] = [:]
        var errors: [String] = []
        var isStopping = false
    }

    private let nodes: [NodeAddress]
    private let state = Mutex(State())

    init(_ nodes: [NodeAddress]) { self.nodes = nodes }

    var acknowledged: [Pair] {
        state.withLock { $0.acknowledged.map { Pair(key: $0.key, value: $0.value) } }
    }

    var count: Int { state.withLock { $0.acknowledged.count } }

    /// What a client that follows redirects would not have been able to hide.
    var errors: [String] { state.withLock { $0.errors } }

    func stop() { state.withLock { $0.isStopping = true } }

    /// Runs until `stop`.
    func run(_ clients: Int) async {
        await withTaskGroup(of: Void.self) { tasks in
            for client in 0..<clients { tasks.addTask { await self.write(client) } }
        }
    }

    private func write(_ client: Int) async {
        var number = 0
        var target = nodes[client % nodes.count]
        var connection: RESPClient?
        while !state.withLock({ $0.isStopping }) {
            let key = Array("writer\(client)-\(number)".utf8)
            let value = Array("value \(number)".utf8)
            do {
                if connection?.isOpen != true { connection = try await RESPClient.connect(to: target) }
                guard let open = connection else { continue }
                let reply = try await open.command([Array("SET".utf8), key, value])
                if reply == .simple("OK") {
                    state.withLock { $0.acknowledged[key] = value }
                    number += 1
                } else if let redirect = try Redirect(reply, askedNode: target) {
                    await open.close()
                    (connection, target) = (nil, redirect.address)
                } else {
                    throw TestFailure("\(target): \(reply)")
                }
            } catch {
                state.withLock { if $0.errors.count < 100 { $0.errors.append("\(error)") } }
                await connection?.close()
                connection = nil
                // Whether it was written is not known; it is not written twice.
                number += 1
                target = nodes[(number + client) % nodes.count]
            }
        }
        await connection?.close()
    }
}
