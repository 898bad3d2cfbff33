import Model
import NIOCore
import Node
import Server
import Synchronization

/// Asks the node that somebody looks at for its details, once a second and on a task of its own: a node that hangs costs
/// its own details and nothing else.
final class NodeWatch: Sendable {
    private static let interval = Duration.seconds(1)
    /// A node that needs longer is told as one that does not answer.
    private static let timeout = TimeAmount.milliseconds(1_500)

    private struct State {
        var address: String?
        var task: Task<Void, Never>?
        var latest: NodeDetails?
    }

    private let state = Mutex(State())
    private let group: any EventLoopGroup
    private let wake: @Sendable () -> Void

    /// - Parameter wake: called from any thread when there are new details.
    init(group: any EventLoopGroup, wake: @escaping @Sendable () -> Void) {
        self.group = group
        self.wake = wake
    }

    /// Looks at this node from now on, and at no other; nil: at none.
    func look(at address: String?) {
        let old = state.withLock { state -> Task<Void, Never>? in
            guard state.address != address else { return nil }
            defer { state.task = nil }
            state.address = address
            state.latest = nil
            return state.task
        }
        old?.cancel()
        guard let address, let node = try? NodeAddress(address) else { return }
        let task = Task { await self.watch(node, as: address) }
        let isLate = state.withLock { state in
            guard state.address == address, state.task == nil else { return true }
            state.task = task
            return false
        }
        if isLate { task.cancel() }
    }

    /// Never blocks.
    func latest() -> NodeDetails? { state.withLock { $0.latest } }

    private func watch(_ node: NodeAddress, as address: String) async {
        var previous: NodeDetails?
        while !Task.isCancelled {
            var details = await read(node, as: address)
            if let previous, previous.failure.isEmpty {
                details.previous = previous.counts
                details.span = details.milliseconds - previous.milliseconds
            }
            previous = details
            let told = details
            let isWanted = state.withLock { state in
                guard state.address == address, !Task.isCancelled else { return false }
                state.latest = told
                return true
            }
            guard isWanted else { return }
            wake()
            // Cut short only by the end of the looking, which the loop sees.
            try? await Task.sleep(for: Self.interval)
        }
    }

    private func slow(_ node: NodeAddress) async throws(ClientError) -> [SlowLog.Entry] {
        let response = try await HTTPFetch.request(
            method: "GET",
            address: node,
            path: "/slowlog",
            timeout: Self.timeout,
            group: group
        )
        // A node of an older version has none.
        guard response.status == 200 else { return [] }
        return StatusJSON.decode(SlowLogDocument.self, from: response.body)?.entries ?? []
    }

    private func read(_ node: NodeAddress, as address: String) async -> NodeDetails {
        let now = { Int(Clock.monotonicMilliseconds()) }
        do throws(ClientError) {
            let response = try await HTTPFetch.request(
                method: "GET",
                address: node,
                path: "/metrics",
                timeout: Self.timeout,
                group: group
            )
            guard response.status == 200 else {
                return NodeDetails(
                    address: address,
                    milliseconds: now(),
                    failure: "it answered /metrics: \(response.refusal)"
                )
            }
            var counts = NodeDetails.Counts(metrics: String(decoding: response.body, as: UTF8.self))
            let client = try await RESPClient.connect(to: node, group: group)
            let reply: Result<RESPReply, ClientError>
            do throws(ClientError) {
                reply = .success(try await client.command([Array("INFO".utf8)], timeout: Self.timeout))
            } catch {
                reply = .failure(error)
            }
            await client.close()
            if let bytes = try reply.get().bytes { counts.add(info: String(decoding: bytes, as: UTF8.self)) }
            var details = NodeDetails(address: address, milliseconds: now(), counts: counts)
            details.slow = try await slow(node)
            return details
        } catch {
            return NodeDetails(address: address, milliseconds: now(), failure: error.message)
        }
    }
}
