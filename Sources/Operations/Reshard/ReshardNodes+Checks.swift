import Model
import Replication
import Resharding
import Server

/// Whether the nodes of new shards are what a job needs: looked at before it begins.
extension ReshardNodes {
    /// What is wrong with a new shard's node, in one line that says what to do.
    package struct Finding: Hashable, Sendable {
        package var message: String
        /// The node can't be reached at all.
        package var isUnreachable: Bool
        /// The job can begin all the same, and the node come later.
        package var isHarmless: Bool
    }

    /// The first node of each new shard must run it, empty, and lead it at this coordinator. A replica may come later, but
    /// one that answers must be of its shard, too.
    /// - Parameters:
    ///   - snapshot: not older than the nodes' start.
    ///   - place: what people know the coordinator by.
    package func findings(
        _ shards: [ReshardRequest.NewShard],
        _ snapshot: CoordinatorSnapshot,
        place: String
    ) async -> [Finding] {
        var findings: [Finding] = []
        for shard in shards {
            findings += await leaderFindings(shard, snapshot, place)
            for replica in shard.replicas { findings += await replicaFindings(replica, shard) }
        }
        return findings
    }

    /// The first of new shards that its first node does not lead yet; nil: all are led.
    package static func unled(
        _ shards: [ReshardRequest.NewShard],
        _ snapshot: CoordinatorSnapshot
    ) -> ReshardRequest.NewShard? {
        shards.first { snapshot.records[$0.name]?.record?.leader?.address != "\($0.address)" }
    }

    func leaderFindings(
        _ shard: ReshardRequest.NewShard,
        _ snapshot: CoordinatorSnapshot,
        _ place: String
    ) async -> [Finding] {
        do throws(ClientError) {
            let status = try await status(of: shard.address)
            if let finding = stranger(status, shard.address, shard.name) { return [finding] }
            guard status.state == .running else {
                return [
                    fatal(
                        "\(shard.address) of the new shard \(shard.name) is \(status.state.rawValue): \(status.message)"
                    )
                ]
            }
            let held = try await slots(of: shard.name, at: shard.address).keyTotal
            if held > 0 {
                let advice = "start it with an empty data folder"
                return [fatal("\(shard.address) of the new shard \(shard.name) holds \(held) keys: \(advice)")]
            }
        } catch {
            let command = "shoal node --shard \(shard.name) --http-address \(shard.address)"
            return [
                Finding(
                    message: "the new shard \(shard.name) does not run: \(error.message); start it with `\(command)`",
                    isUnreachable: error.code == .unreachable,
                    isHarmless: false
                )
            ]
        }
        let leader = snapshot.records[shard.name]?.record?.leader?.address
        guard leader == "\(shard.address)" else {
            let found =
                leader.map { "the leader of \(shard.name) there is \($0)" } ?? "\(shard.name) has no leader there"
            return [
                fatal(
                    "\(shard.address) has not joined the coordinator \(place), \(found): compare Coordinator, EtcdEndpoints "
                        + "and DataDirectory in its config.yaml"
                )
            ]
        }
        return []
    }

    func replicaFindings(_ replica: NodeAddress, _ shard: ReshardRequest.NewShard) async -> [Finding] {
        do throws(ClientError) {
            return try await stranger(status(of: replica), replica, shard.name).map { [$0] } ?? []
        } catch {
            let command = "shoal node --shard \(shard.name) --http-address \(replica) --replica"
            return [
                Finding(
                    message: "\(error.message): start this replica of \(shard.name) with `\(command)`",
                    isUnreachable: error.code == .unreachable,
                    isHarmless: error.code == .unreachable || error.code == .timeout
                )
            ]
        }
    }

    private func stranger(_ status: NodeStatus, _ address: NodeAddress, _ shard: String) -> Finding? {
        if status.cluster != cluster {
            return fatal("\(address) belongs to cluster \(status.cluster), not to \(cluster): choose another address")
        }
        if status.shard != shard {
            return fatal("\(address) runs shard \(status.shard), not \(shard): start it with --shard \(shard)")
        }
        return nil
    }

    private func fatal(_ message: String) -> Finding {
        Finding(message: message, isUnreachable: false, isHarmless: false)
    }
}

extension SlotsDocument {
    /// Keys in all slots, whoever owns them.
    fileprivate var keyTotal: UInt64 {
        runs.lazy.flatMap(\.keys).reduce(0) {
            let (sum, isOver) = $0.addingReportingOverflow($1)
            return isOver ? .max : sum
        }
    }
}
