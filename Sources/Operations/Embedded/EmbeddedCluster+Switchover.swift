import Model
import NIOCore
import Node
import Server
import Synchronization

extension EmbeddedCluster {
    /// The hand-over itself is over, or given up, after a second.
    private static let switchoverTimeout = TimeAmount.seconds(15)

    /// Makes `target` the leader of its shard by asking whoever leads it now. Returns when that is over; how it ended
    /// is an event.
    package func switchOver(shard: String, to target: NodeAddress) async {
        let (leader, node) = state.withLock { state -> (NodeAddress?, Node?) in
            let nodes = state.status?.shards.first { $0.name == shard }?.nodes ?? []
            let leading = nodes.first { $0.role == .leader && $0.state == .running }?.address
            let leader = leading.flatMap { try? NodeAddress($0) }
            return (leader, leader.flatMap { state.nodes[$0] })
        }
        guard let leader else { return add(.error, "no switchover of \(shard): it has no leader now") }
        let begun = Clock.monotonicMilliseconds()
        let failure =
            if let node { await node.switchOver(to: target.description) } else {
                await remoteSwitchOver(at: leader, to: target)
            }
        let took = Clock.monotonicMilliseconds() - begun
        if let failure {
            add(.error, "no switchover of \(shard) from \(leader) to \(target): \(failure)")
        } else {
            add(.success, "the leader of \(shard) changed from \(leader) to \(target) in \(took) ms")
        }
        probe()
    }

    /// Why the leader did not hand over; nil if it did.
    private func remoteSwitchOver(at leader: NodeAddress, to target: NodeAddress) async -> String? {
        do throws(ClientError) {
            let response = try await HTTPFetch.request(
                method: "POST",
                address: leader,
                path: "/admin/switchover?to=\(target)",
                timeout: EmbeddedCluster.switchoverTimeout,
                group: group
            )
            return response.status == 200 ? nil : response.refusal
        } catch {
            return error.message
        }
    }
}
