import Model
import Server
import Synchronization

/// Clients of the paper's `/put`, which follow 307 to where it points; a node that can't be reached is passed over.
final class HTTPWriters: Sendable {
    private struct State {
        var acknowledged: [Pair] = []
        var failures: [String] = []
        var isStopping = false
    }

    private let nodes: [NodeAddress]
    private let state = Mutex(State())
    /// As many as any HTTP client follows.
    private static let redirectsMax = 8
    /// The pace of one client.
    private static let pause = Duration.milliseconds(10)

    init(_ nodes: [NodeAddress]) { self.nodes = nodes }

    var acknowledged: [Pair] { state.withLock { $0.acknowledged } }
    /// What a client that follows redirects could not hide.
    var failures: [String] { state.withLock { $0.failures } }

    func stop() { state.withLock { $0.isStopping = true } }

    func run(_ clients: Int) async {
        await withTaskGroup(of: Void.self) { tasks in
            for client in 0..<clients { tasks.addTask { await self.write(client) } }
        }
    }

    private func write(_ client: Int) async {
        var number = 0
        while !state.withLock({ $0.isStopping }) {
            let pair = Pair(key: Array("http\(client)-\(number)".utf8), value: Array("value \(number)".utf8))
            let failure = await put(pair, first: number + client)
            state.withLock { state in
                if let failure { state.failures.append(failure) } else { state.acknowledged.append(pair) }
            }
            number += 1
            // The pace of the load; nobody waits for it.
            try? await Task.sleep(for: HTTPWriters.pause)
        }
    }

    /// - Returns: why it failed; nil when it was acknowledged.
    private func put(_ pair: Pair, first: Int) async -> String? {
        let path = "/put?key=\(Traffic.encoded(pair.key))&value=\(Traffic.encoded(pair.value))"
        var target = nodes[first % nodes.count]
        var last = ""
        for attempt in 1...HTTPWriters.redirectsMax {
            do throws(ClientError) {
                let response = try await HTTPFetch.request(method: "GET", address: target, path: path)
                guard response.status == 307 else {
                    return response.status == 200
                        ? nil : "\(target): \(response.status) \(String(decoding: response.body, as: UTF8.self))"
                }
                last = "\(target) points to \(response.headers["location"] ?? "nowhere")"
                guard let host = response.headers["location"]?.split(separator: "/").dropFirst().first,
                    let next = try? NodeAddress(String(host))
                else { return last }
                target = next
            } catch {
                guard error.code == .unreachable else { return "\(target): \(error.code.rawValue)" }
                last = error.message
                target = nodes[(first + attempt) % nodes.count]
            }
        }
        return "\(HTTPWriters.redirectsMax) attempts, then \(last)"
    }
}
