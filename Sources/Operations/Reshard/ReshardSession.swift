import Coordination
import FoundationEssentials
import Glibc
import Model
import Node
import Replication
import Resharding
import Routing

/// What a reshard is planned, begun and looked at with: the config, its cluster's coordinator, and the nodes. The command
/// line and the console have one each.
package struct ReshardSession: Sendable {
    /// Why the coordinator can't be used: in one line that says what to do.
    package struct Refusal: Error, Hashable, Sendable, CustomStringConvertible {
        /// Not one node has run yet; looking must not make the coordinator's folder.
        package var hasNotBegun: Bool
        package var message: String

        package var description: String { message }
    }

    /// As it was read; the shards are replaced when the file has changed.
    package var config: ClusterConfig
    package let coordinator: ReshardCoordinator
    /// What `coordinator` asks; ended by `close`.
    private let cluster: ClusterCoordinator
    /// What people know the coordinator by.
    package let place: String
    package let nodes: ReshardNodes

    /// Opens the coordinator that the config names, as a node does. `close` it in the end.
    /// - Throws: `Refusal` where the cluster has not begun or is another one; `CoordinationError`.
    package static func open(_ config: ClusterConfig) async throws -> ReshardSession {
        if config.coordinator == .local { try requireFolder(config) }
        let cluster = try ClusterCoordinator(config: config)
        do {
            guard let identity = try await cluster.identity() else { throw notBegun(config, cluster.backend.place) }
            guard identity.cluster == config.name else {
                throw Refusal(
                    hasNotBegun: false,
                    message: "\(cluster.backend.place) coordinates cluster \(identity.cluster), not \(config.name): "
                        + "correct Name in \(config.file)"
                )
            }
        } catch {
            await cluster.close()
            throw error
        }
        return ReshardSession(
            config: config,
            coordinator: ReshardCoordinator(cluster),
            cluster: cluster,
            place: cluster.backend.place,
            nodes: ReshardNodes(cluster: config.name)
        )
    }

    package func close() async { await cluster.close() }

    /// Joining it would make it, and looking must not change anything.
    private static func requireFolder(_ config: ClusterConfig) throws(Refusal) {
        let folder = config.dataDirectory + "/coordinator"
        guard access(folder, R_OK | X_OK) == 0 else { throw notBegun(config, folder) }
    }

    private static func notBegun(_ config: ClusterConfig, _ place: String) -> Refusal {
        Refusal(
            hasNotBegun: true,
            message: "cluster \(config.name) has not begun (nothing is in \(place)): start its nodes with "
                + "`shoal console --start` or `shoal node`"
        )
    }

    /// The addresses in use, and whose they are: of the shards in the map, and of those that wait in the config. Those that
    /// are about to be added are not in use.
    package func addresses(_ snapshot: CoordinatorSnapshot, adding: Set<String>) -> [NodeAddress: String] {
        var users: [NodeAddress: String] = [:]
        for (shard, seen) in snapshot.records where snapshot.map.index(ofShard: shard) != nil {
            for member in (seen.record?.inSync ?? []) + [seen.record?.leader].compactMap(\.self) {
                if let address = try? NodeAddress(member.address) { users[address] = shard }
            }
        }
        for shard in config.shards where !adding.contains(shard.name) {
            for address in shard.nodes { users[address] = shard.name }
        }
        return users
    }

    /// The shards that config.yaml has and the map has not: the first ones to come.
    package func waiting(_ map: SlotMap) -> [ReshardRequest.NewShard] {
        config.shards.filter { map.index(ofShard: $0.name) == nil }.map {
            ReshardRequest.NewShard(name: $0.name, address: $0.address, replicas: $0.replicas)
        }
    }

    /// The job as map and nodes tell it; nil while there never was one.
    package func status(_ snapshot: CoordinatorSnapshot) async -> ReshardStatus? {
        guard let job = snapshot.job else { return nil }
        return ReshardStatus(job, map: snapshot.map, nodes: await nodes.progress(snapshot))
    }

    // MARK: config.yaml

    /// Puts config.yaml in line with the map: shards of the job that the map has are in it, those it has not are not.
    /// - Returns: whether anything had to be changed.
    @discardableResult
    package func settleConfig(_ job: ReshardJob, _ map: SlotMap) throws(ConfigError) -> Bool {
        try ConfigEdit(job, map: map).apply(toFile: config.file)
    }

    /// Whether config.yaml can be changed as the job will: when it begins, and when it is done. Changes nothing.
    /// - Throws: why not; `ReshardError` `.stalePlan` where the map is another one.
    package func rehearseConfig(_ job: ReshardJob, _ snapshot: CoordinatorSnapshot) throws {
        let bytes = try ClusterConfig.readBytes(of: config.file)
        let begun = try ConfigEdit(job, map: try job.beginning(on: snapshot.map).map)
            .apply(to: bytes, file: config.file)
        _ = try ConfigEdit(remove: Set(job.request.remove)).apply(to: begun, file: config.file)
    }

    // MARK: Who asks

    /// Who asks, for people who look: `user@host`.
    package static var requester: String {
        let user = getpwuid(geteuid()).map { String(cString: $0.pointee.pw_name) } ?? "user \(geteuid())"
        var host = [CChar](repeating: 0, count: 256)
        guard gethostname(&host, host.count - 1) == 0 else { return user }
        return user + "@" + String(decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// A job's random id.
    package static func jobID() -> String { UUID().uuidString.lowercased().filter { $0 != "-" } }
}

extension ReshardPlan {
    /// Of the shards that give or take slots, those whose leader can't be asked, with the reason.
    /// - Parameter unknown: `ReshardNodes.Counts.unknown`.
    package func missing(_ unknown: [String: String]) -> [(shard: String, reason: String)] {
        var involved: Set<String> = []
        for move in moves { involved.formUnion([move.source, move.target]) }
        return unknown.filter { involved.contains($0.key) }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}

extension ConfigEdit {
    /// What a job makes of config.yaml on that map.
    package init(_ job: ReshardJob, map: SlotMap) {
        let added = job.request.add.filter { map.index(ofShard: $0.name) != nil }.map {
            ShardConfig(name: $0.name, index: 0, address: $0.address, replicas: $0.replicas)
        }
        let gone = (job.request.remove + job.request.add.map(\.name)).filter { map.index(ofShard: $0) == nil }
        self.init(add: added, remove: Set(gone))
    }
}
