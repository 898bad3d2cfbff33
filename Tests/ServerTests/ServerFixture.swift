import FoundationEssentials
import Glibc
import Logging
import Model
import NIOCore
import NIOPosix
import Routing
import Server
import Storage
import Synchronization
import TestSupport

/// A real `NodeServer` over a real store, on a loopback address of its own; the node around it is faked.
final class ServerFixture {
    let address: NodeAddress
    let store: ShardStore
    let control = FakeControl()
    let leadership = FakeLeadership()
    private let root: String
    private let folder: DataFolder
    let server: NodeServer
    private let config: ClusterConfig
    private let map: SlotMap
    private let metrics: NodeMetrics
    let group: MultiThreadedEventLoopGroup
    /// One loop, for streams to other nodes.
    let replication = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    /// Of the next `serve`: the nodes of each shard that are there, and their leaders, by default config.yaml's.
    var nodes: [ShardNodes?] = []
    var leaders: [NodeAddress?]?
    /// Of the next `serve`.
    var resharding: (any ShardResharding)?

    private static let made = Mutex(0)

    /// An address that no other test of this process uses, and no other process of this machine is likely to.
    static func freshAddress() -> NodeAddress {
        let number = made.withLock { made in
            made += 1
            return made
        }
        return NodeAddress(host: "127.\(200 + Int(getpid()) % 50).\(number / 250).\(1 + number % 250)", port: 18090)
    }

    /// - Parameters:
    ///   - role: a replica follows nobody and has nothing.
    ///   - otherShard: a second shard, elsewhere, that owns the upper half of the slots.
    ///   - hotBytesMax: with 0, keys leave memory as soon as the engine has them.
    ///   - disk: what is written is synced, on this disk.
    init(
        role: NodeStatus.Role = .leader,
        phase: NodeStatus.State = .running,
        placement: PlacementPolicy = .fixed,
        otherShard: NodeAddress? = nil,
        loops: Int = 2,
        engine: EngineKind = .lmdb,
        hotBytesMax: Int? = nil,
        disk: TestDisk? = nil,
        room: ConnectionRoom = ConnectionRoom(clientsMax: 10_000, limitedMax: 64)
    ) async throws {
        address = Self.freshAddress()
        root = (disk?.root ?? FileManager.default.temporaryDirectory.path) + "/shoal-server-\(UUID().uuidString)"
        var options = ShardStore.Options()
        options.durability = disk == nil ? .os : .fsync
        if let hotBytesMax { options.hotBytesMax = hotBytesMax }
        folder = try DataFolder.open(path: root, engine: engine, cluster: "demo", shard: "shard0")
        store = try ShardStore.open(folder: folder, kind: engine, options: options) { _ in }
        let leader = role == .leader ? address : NodeAddress(host: "127.0.0.1", port: 9)
        var shards = [
            ShardConfig(name: "shard0", index: 0, address: leader, replicas: role == .leader ? [] : [address])
        ]
        if let otherShard { shards.append(ShardConfig(name: "shard1", index: 1, address: otherShard)) }
        var config = ClusterConfig(shards: shards)
        config.name = "demo"
        self.config = config
        map = try placement.map(current: nil, shards: config.shardNames)
        if role == .leader { try store.becomeLeader() }
        metrics = NodeMetrics()
        control.metrics = metrics
        group = MultiThreadedEventLoopGroup(numberOfThreads: loops)
        server = try await NodeServer.bind(
            listen: address,
            group: group,
            replication: replication.next(),
            control: control,
            state: Self.state(config, map, address, role, nil, .starting, [], nil, leadership, nil),
            metrics: metrics,
            room: room,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        try serve(role: role, phase: phase)
        await server.accept()
    }

    func serve(role: NodeStatus.Role = .leader, phase: NodeStatus.State = .running, hasStore: Bool = true) throws {
        try server.serve(
            Self.state(
                config,
                map,
                address,
                role,
                hasStore ? store : nil,
                phase,
                nodes,
                leaders,
                leadership,
                resharding
            )
        )
    }

    private static func state(
        _ config: ClusterConfig,
        _ map: SlotMap,
        _ address: NodeAddress,
        _ role: NodeStatus.Role,
        _ store: ShardStore?,
        _ phase: NodeStatus.State,
        _ nodes: [ShardNodes?],
        _ leaders: [NodeAddress?]?,
        _ leadership: FakeLeadership,
        _ resharding: (any ShardResharding)?
    ) -> ServingState {
        ServingState(
            config: config,
            map: map,
            address: address,
            shardName: "shard0",
            role: role,
            leaders: leaders ?? config.shards.map(\.address),
            nodes: nodes,
            store: store,
            phase: phase,
            message: "",
            leadership: leadership,
            resharding: resharding
        )
    }

    func connect(receiveBuffer: Int32? = nil) throws -> RawConnection {
        try RawConnection(to: address, receiveBuffer: receiveBuffer)
    }

    /// Sends text and returns that much of the answer.
    func ask(_ request: String, _ connection: RawConnection, expecting answer: String) throws -> String {
        connection.send(request)
        return try connection.receiveText(answer.utf8.count)
    }

    /// What a command answers on a connection of its own.
    func askForBulk(_ request: String) throws -> String {
        let connection = try connect()
        connection.send(request + "QUIT\r\n")
        return try connection.receiveAllText()
    }

    /// Gives the server time, as much as a witness on one of its loops needs to be answered again and again.
    func wait(_ witness: RawConnection, until condition: () -> Bool) throws -> Bool {
        for _ in 0..<20_000 {
            if condition() { return true }
            _ = try ask("PING\r\n", witness, expecting: "+PONG\r\n")
        }
        return condition()
    }

    /// An HTTP request with the headers every one needs.
    func http(_ line: String, _ headers: String = "", body: String = "") -> String {
        "\(line) HTTP/1.1\r\nHost: \(address)\r\n\(headers)\r\n\(body)"
    }

    /// From now on commits wait for a replica that does not exist, until `releaseCommits`.
    func holdCommits() { store.changeQuorum { $0.waitsForReplicas = true } }

    func releaseCommits() { store.changeQuorum { $0.waitsForReplicas = false } }

    func stop() async throws {
        try serve(phase: .stopped, hasStore: false)
        store.close()
        folder.close()
        await server.close()
        try await group.shutdownGracefully()
        try await replication.shutdownGracefully()
        try FileManager.default.removeItem(atPath: root)
    }
}

/// A node that does nothing but say what it is.
final class FakeControl: NodeControl, @unchecked Sendable {
    // Sendable: `metrics` is written before the first connection and then only read.
    var metrics: NodeMetrics?
    private let age = Mutex<UInt64?>(nil)

    var stalenessMilliseconds: UInt64? { age.withLock { $0 } }

    func setStaleness(_ milliseconds: UInt64?) { age.withLock { $0 = milliseconds } }

    private let troubles = Mutex<[Health.Reason]>([])

    var health: Health { Health(troubles.withLock(\.self)) }

    func setTroubles(_ reasons: [Health.Reason]) { troubles.withLock { $0 = reasons } }

    func status() -> NodeStatus {
        NodeStatus(
            cluster: "demo",
            shard: "shard0",
            address: "127.0.0.2:8080",
            role: .leader,
            state: .running,
            engine: "lmdb",
            durability: "os",
            version: "0.1.0"
        )
    }

    func storageMetrics() -> [StorageMetric] { [StorageMetric("log_bytes", "Bytes of log.", 4_096)] }
    func startShard() async -> NodeStatus { status() }
    func stopShard() async -> NodeStatus { status() }
    func reasonNotToClean(_ slots: [ClosedRange<UInt16>]) async -> String? { nil }
    func switchOver(to target: String?) async -> String? { "this is a test" }
    func nextReplicationRecord() throws(StorageError) -> ReplicationRecord? { nil }
    func takeReplicationRecord(key: [UInt8], value: [UInt8]?) throws(StorageError) -> String? { nil }
}
