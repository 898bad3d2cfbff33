import Coordination
import FoundationEssentials
import Model
import NIOCore
import NIOPosix
import Replication
import Resharding
import Routing
import Server

/// Asks nodes for what a plan, a beginning job and its progress need to know of them.
package struct ReshardNodes: Sendable {
    /// Counts of all slots are up to a megabyte, and wait 250 ms for the applier.
    private static let countsTimeout = TimeAmount.seconds(5)
    /// A line of progress is drawn every second.
    private static let progressTimeout = TimeAmount.seconds(1)

    let cluster: String
    let group: any EventLoopGroup

    /// - Parameter cluster: the config's name; nodes of another cluster are refused.
    package init(cluster: String, group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton) {
        self.cluster = cluster
        self.group = group
    }

    /// Keys and bytes by slot, as far as the owners' leaders tell.
    package struct Counts: Sendable {
        /// One for each slot; zeros for slots of shards that are unknown. Empty if no leader answered.
        package var slots: [SlotCount]
        /// Shards whose counts are missing, and why.
        package var unknown: [String: String]
    }

    /// Takes a few seconds at the longest.
    package func counts(_ snapshot: CoordinatorSnapshot) async -> Counts {
        let answers = await ask(snapshot.map.shardNames, snapshot) { shard, leader throws(ClientError) in
            try await self.slots(of: shard, at: leader)
        }
        var counts = [SlotCount](repeating: SlotCount(), count: StorageLimits.slotCount)
        var unknown: [String: String] = [:]
        for (shard, answer) in answers {
            switch answer {
            case .failure(let error): unknown[shard] = error.message
            case .success(let document): document.addCounts(ofShard: shard, in: snapshot.map, to: &counts)
            }
        }
        return Counts(slots: unknown.count == answers.count ? [] : counts, unknown: unknown)
    }

    /// The parts of those leaders that answer, and have any.
    package func progress(_ snapshot: CoordinatorSnapshot) async -> [ReshardProgress] {
        let answers = await ask(snapshot.map.shardNames, snapshot) { _, leader throws(ClientError) in
            let response = try await get("/reshard", leader, Self.progressTimeout)
            guard let progress = StatusJSON.decode(ReshardProgress?.self, from: response.body) else {
                throw ClientError(.badReply, "\(leader) answered /reshard with something else")
            }
            return progress
        }
        return answers.values.compactMap { try? $0.get() }
    }

    func status(of address: NodeAddress) async throws(ClientError) -> NodeStatus {
        let response = try await get("/status", address, Self.progressTimeout)
        guard let status = StatusJSON.decode(NodeStatus.self, from: response.body) else {
            throw ClientError(.badReply, "\(address) answered /status with something else: is this a Shoal node?")
        }
        return status
    }

    func slots(of shard: String, at address: NodeAddress) async throws(ClientError) -> SlotsDocument {
        let response = try await get("/slots", address, Self.countsTimeout)
        guard let document = StatusJSON.decode(SlotsDocument.self, from: response.body), document.isSound else {
            throw ClientError(.badReply, "\(address) answered /slots with something else: is this a Shoal node?")
        }
        guard document.cluster == cluster, document.shard == shard else {
            throw ClientError(
                .refused,
                "\(address) belongs to shard \(document.shard) of cluster \(document.cluster), not to \(shard) of \(cluster)"
            )
        }
        return document
    }

    private func get(
        _ path: String,
        _ address: NodeAddress,
        _ timeout: TimeAmount
    ) async throws(ClientError) -> HTTPFetchResponse {
        let response = try await HTTPFetch.request(
            method: "GET",
            address: address,
            path: path,
            timeout: timeout,
            group: group
        )
        guard response.status == 200 else {
            throw ClientError(.refused, "\(address) answered \(path): \(response.refusal)")
        }
        return response
    }

    /// Asks the leaders of those shards, all at once.
    private func ask<Answer: Sendable>(
        _ shards: [String],
        _ snapshot: CoordinatorSnapshot,
        _ question: @escaping @Sendable (String, NodeAddress) async throws(ClientError) -> Answer
    ) async -> [String: Result<Answer, ClientError>] {
        await withTaskGroup(of: (String, Result<Answer, ClientError>).self) { tasks in
            for shard in shards {
                tasks.addTask {
                    do throws(ClientError) {
                        return (shard, .success(try await question(shard, try Self.leader(of: shard, snapshot))))
                    } catch {
                        return (shard, .failure(error))
                    }
                }
            }
            return await tasks.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
    }

    private static func leader(of shard: String, _ snapshot: CoordinatorSnapshot) throws(ClientError) -> NodeAddress {
        guard let member = snapshot.records[shard]?.record?.leader, let address = try? NodeAddress(member.address)
        else {
            throw ClientError(.unreachable, "\(shard) has no leader now: see `shoal status`")
        }
        return address
    }
}

extension SlotsDocument {
    /// Adds what the node holds of the slots that `shard` owns.
    func addCounts(ofShard shard: String, in map: SlotMap, to counts: inout [SlotCount]) {
        guard let index = map.index(ofShard: shard) else { return }
        for run in runs {
            for (offset, keys) in run.keys.enumerated() where map.owners[run.slot + offset] == index {
                counts[run.slot + offset] = SlotCount(keys: keys, bytes: run.bytes[offset])
            }
        }
    }
}
