import Coordination
import FoundationEssentials
import Glibc
import Node
import Replication
import Resharding
import Routing

/// What the reshard commands work with: the config, its cluster's coordinator, and the nodes.
struct ReshardSession: Sendable {
    let config: ClusterConfig
    let coordinator: ReshardCoordinator
    /// What people know the coordinator by.
    let place: String
    let nodes: ReshardNodes

    /// Runs `body` with the coordinator open, and closes it.
    static func run<Outcome>(
        _ options: ConfigOptions,
        _ body: (ReshardSession) async throws -> Outcome
    ) async throws -> Outcome {
        let config = try options.load()
        if config.coordinator == .local { try requireFolder(config) }
        let cluster = try ClusterCoordinator(config: config)
        do {
            let outcome = try await run(config, cluster, body)
            await cluster.close()
            return outcome
        } catch {
            await cluster.close()
            throw error
        }
    }

    private static func run<Outcome>(
        _ config: ClusterConfig,
        _ cluster: ClusterCoordinator,
        _ body: (ReshardSession) async throws -> Outcome
    ) async throws -> Outcome {
        guard let identity = try await cluster.identity() else { throw notBegun(config, cluster.backend.place) }
        guard identity.cluster == config.name else {
            throw CommandFailure(
                .usage,
                "\(cluster.backend.place) coordinates cluster \(identity.cluster), not \(config.name): correct Name in "
                    + config.file
            )
        }
        let session = ReshardSession(
            config: config,
            coordinator: ReshardCoordinator(cluster),
            place: cluster.backend.place,
            nodes: ReshardNodes(cluster: config.name)
        )
        return try await body(session)
    }

    /// Joining it would make it, and looking must not change anything.
    private static func requireFolder(_ config: ClusterConfig) throws {
        let folder = config.dataDirectory + "/coordinator"
        guard access(folder, R_OK | X_OK) == 0 else { throw notBegun(config, folder) }
    }

    private static func notBegun(_ config: ClusterConfig, _ place: String) -> CommandFailure {
        CommandFailure(
            .unreachable,
            "cluster \(config.name) has not begun (nothing is in \(place)): start its nodes with `shoal console --start` or "
                + "`shoal node`"
        )
    }

    /// The addresses in use, and whose they are: of the shards in the map, and of those that wait in the config. Those that
    /// are about to be added are not in use.
    func addresses(_ picture: CoordinatorPicture, adding: Set<String>) -> [NodeAddress: String] {
        var users: [NodeAddress: String] = [:]
        for (shard, seen) in picture.records where picture.map.index(ofShard: shard) != nil {
            for member in (seen.record?.inSync ?? []) + [seen.record?.leader].compactMap(\.self) {
                if let address = try? NodeAddress(member.address) { users[address] = shard }
            }
        }
        for shard in config.shards where !adding.contains(shard.name) {
            for address in shard.nodes { users[address] = shard.name }
        }
        return users
    }

    /// The job as map and nodes tell it; nil while there never was one.
    func status(_ picture: CoordinatorPicture) async -> ReshardStatus? {
        guard let job = picture.job else { return nil }
        return ReshardStatus(job, map: picture.map, nodes: await nodes.progress(picture))
    }

    /// Puts config.yaml in line with the map: shards of the job that the map has are in it, those it has not are not.
    /// - Returns: whether anything had to be changed.
    @discardableResult
    func settleConfig(_ job: ReshardJob, _ map: SlotMap) throws -> Bool {
        try ConfigEdit(job, map: map).apply(toFile: config.file)
    }

    /// Who asks, for people who look: `user@host`.
    static var requester: String {
        let user = getpwuid(geteuid()).map { String(cString: $0.pointee.pw_name) } ?? "user \(geteuid())"
        var host = [CChar](repeating: 0, count: 256)
        guard gethostname(&host, host.count - 1) == 0 else { return user }
        return user + "@" + String(decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// A job's random id.
    static func jobID() -> String { UUID().uuidString.lowercased().filter { $0 != "-" } }
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
