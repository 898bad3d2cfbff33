import Server
import Synchronization

/// The end of the load: everything is read on every node.
extension AuditLoad {
    /// Waits until every shard has a leader and all members have what it has; then reads all keys of all nodes.
    func verdict(on cluster: TestCluster) async throws -> Verdict {
        var roles: [TestCluster.ShardRoles] = []
        let isWhole = try await Poll.until(within: .seconds(60)) {
            roles = try await cluster.roles()
            return roles.allSatisfy(\.isWhole)
        }
        guard isWhole else { throw TestFailure("the cluster does not become whole: \(roles.map(\.description))") }
        var all: [String: [UInt8]] = [:]
        var leaders: [[String: [UInt8]]] = []
        for shard in roles {
            let contents = try await Contents.read(shard.leaders[0].listen, isReplica: false)
            leaders.append(contents)
            all.merge(contents) { $1 }
        }
        var verdict = state.withLock { $0.history }.judge(all)
        for (shard, leader) in zip(roles, leaders) {
            for replica in shard.replicas {
                let contents = try await Contents.read(replica.listen, isReplica: true)
                verdict.compare(contents, at: "\(replica.address) (\(replica.engine))", with: leader)
            }
        }
        return verdict
    }
}
