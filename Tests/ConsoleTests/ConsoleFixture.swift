import Console
import Model
import Routing
import Server
import Terminal

/// A small cluster in a state worth looking at, the same in every test.
enum ConsoleFixture {
    static let clock = ConsoleClock(milliseconds: 500_400, unixSeconds: 1_700_000_000, utcOffsetSeconds: 0)

    static func theme(_ name: String = "dark") throws -> Theme { try ThemeLoader(folders: []).load(name) }

    static func node(
        _ address: String,
        shard: String = "shard0",
        role: NodeStatus.Role = .leader,
        state: NodeStatus.State = .running,
        message: String = ""
    ) -> NodeStatus {
        var node = NodeStatus(
            cluster: "demo",
            shard: shard,
            address: address,
            role: role,
            state: state,
            engine: role == .leader ? "lmdb" : "rocksdb",
            durability: "fsync",
            version: "0.1.0",
            message: message
        )
        guard state.serves else { return node }
        node.keys = 60_123
        node.bytes = 4_500_000
        node.position = "4-60123"
        node.inSync = role == .leader || state == .running
        node.lag = role == .leader ? .init() : .init(milliseconds: 12, entries: 3, bytes: 420)
        node.opsPerSecond = role == .leader ? .init(read: 4_500, write: 1_234) : .init(read: 120)
        node.latencyMicroseconds = .init(read: .init(p50: 60, p99: 300), write: .init(p50: 400, p99: 1_500))
        node.uptimeSeconds = 3_725
        return node
    }

    static func shard(_ index: Int, nodes: [NodeStatus]) -> ClusterStatus.Shard {
        ClusterStatus.Shard(
            name: "shard\(index)",
            index: index,
            slots: 8_192,
            keys: 60_123,
            bytes: 4_500_000,
            leader: nodes.first?.address ?? "",
            nodes: nodes
        )
    }

    /// What every node of a shard says of its lead; `outside` are not in the in-sync set, for the reason given.
    static func leadership(
        term: UInt64,
        _ nodes: [NodeStatus],
        lease: UInt64 = 2_449,
        outside: [String: String] = [:]
    ) -> NodeStatus.Leadership {
        NodeStatus.Leadership(
            term: term,
            leader: nodes.first?.address ?? "",
            leaseMilliseconds: lease,
            members: nodes.map { .init($0.address, outside[$0.address]) }
        )
    }

    static func led(_ nodes: [NodeStatus], term: UInt64, outside: [String: String] = [:]) -> [NodeStatus] {
        nodes.map { node in
            var node = node
            node.leadership = leadership(term: term, nodes, outside: outside)
            return node
        }
    }

    /// A leader, a replica that keeps up, one that has fallen behind, and one that is gone.
    static var replicatedShards: [ClusterStatus.Shard] {
        var nodes = [node("127.0.0.2:8080")]
        for host in [22, 42] { nodes.append(node("127.0.0.\(host):8080", role: .replica)) }
        nodes[1].lag = .init()
        nodes[2].lag = .init(milliseconds: 1_840, entries: 5_310, bytes: 812_000)
        nodes[2].inSync = false
        let reason = "can't connect: connection refused; is the node running?"
        nodes.append(node("127.0.0.62:8080", role: .replica, state: .unreachable, message: reason))
        let outside = [
            "127.0.0.42:8080": "it is not in the in-sync set: it is 5310 records behind",
            "127.0.0.62:8080": "it is not in the in-sync set: it is not connected to the leader",
        ]
        var led = led(nodes, term: 7, outside: outside)
        led[3].leadership = nil
        return [shard(0, nodes: led), shards[1]]
    }

    static var shards: [ClusterStatus.Shard] {
        let copying = ["127.0.0.33:8080": "it is not in the in-sync set: it takes a snapshot"]
        var shards = plainShards
        shards[0].nodes = led(shards[0].nodes, term: 4)
        shards[1].nodes = led(shards[1].nodes, term: 4, outside: copying)
        return shards
    }

    private static var plainShards: [ClusterStatus.Shard] {
        [
            shard(0, nodes: [node("127.0.0.2:8080"), node("127.0.0.22:8080", role: .replica)]),
            shard(
                1,
                nodes: [
                    node("127.0.0.3:8080", shard: "shard1"),
                    node(
                        "127.0.0.33:8080",
                        shard: "shard1",
                        role: .replica,
                        state: .syncing,
                        message: "copying the shard, 62 % of 60,123 keys"
                    ),
                ]
            ),
        ]
    }

    static func snapshot(
        _ shards: [ClusterStatus.Shard] = shards,
        at milliseconds: Int = 500_000,
        environment: ClusterSnapshot.Environment = .development,
        embedded: Set<String>? = nil,
        demo: Set<String> = []
    ) -> ClusterSnapshot {
        ClusterSnapshot(
            status: ClusterStatus(
                cluster: "demo",
                mapVersion: 3,
                placement: "fixed",
                coordinator: "local",
                shards: shards
            ),
            environment: environment,
            milliseconds: milliseconds,
            embedded: embedded ?? Set(shards.flatMap { $0.nodes.map(\.address) }),
            demo: demo
        )
    }

    /// Keys in a pattern: more towards the end, one slot far warmer than all others.
    static func slots(
        placement: PlacementPolicy = .fixed,
        _ names: [String] = ["shard0", "shard1"],
        unknown: Set<String> = []
    ) throws -> ClusterSlots {
        let map = try placement.map(current: nil, shards: names)
        let slots = (0..<16_384).map { slot -> ClusterSlots.Slot in
            let keys = UInt64(slot == 12_182 ? 4_000 : slot % 7 + slot / 2_048)
            return ClusterSlots.Slot(
                keys: keys,
                bytes: keys * UInt64(70 + slot % 13),
                rate: slot % 5 == 0 ? keys / 2 : 0
            )
        }
        return ClusterSlots(map: map, slots: slots, unknownShards: unknown)
    }

    static func details(_ address: String) -> NodeDetails {
        var counts = NodeDetails.Counts()
        counts.connections = 12
        counts.connectionsEver = 3_456
        counts.commands = 9_876_543
        counts.errors = 17
        counts.hits = 900_000
        counts.misses = 100_000
        counts.received = 1_200_000_000
        counts.sent = 2_400_000_000
        counts.resident = 150_000_000
        counts.processor = 1_000_000
        counts.storage = [
            "log_bytes": 1_288_490_188, "log_segments": 20, "sync_microseconds": 1_240, "hot_table_bytes": 64_000_000,
            "hot_table_entries": 210_000, "unapplied_bytes": 3_000_000, "engine_file_bytes": 900_000_000,
            "engine_readers": 4,
        ]
        var before = counts
        before.commands = 9_871_043
        before.received = 1_198_000_000
        before.processor = 999_580
        var details = NodeDetails(
            address: address,
            milliseconds: 500_000,
            counts: counts,
            previous: before,
            span: 1_000
        )
        details.slow = [
            SlowLog.Entry(
                number: 9,
                time: 1_699_999_880,
                microseconds: 84_200,
                command: "KEYS user:* \u{1B}[31m",
                count: 1,
                client: "127.0.0.1:40112"
            ),
            SlowLog.Entry(
                number: 8,
                time: 1_699_996_400,
                microseconds: 12_001,
                command: "GET user:1",
                count: 512,
                client: "127.0.0.1:40118"
            ),
        ]
        return details
    }

    /// Keys of strangers: escapes, controls, wide, combining, from right to left, no text at all, and very long.
    static let hostileKeys: [[UInt8]] = [
        Array("user:1".utf8), Array("\u{1B}[2J\u{1B}]0;owned\u{7}".utf8), Array("漢字漢字漢字".utf8),
        Array("e\u{301}\u{301}\u{301} combining".utf8), Array("\u{202E}right to left \u{5D0}\u{5D1}".utf8),
        Array("tab\tline\nback\\slash".utf8), [0xFF, 0xFE, 0x00, 0x80, 0x41], Array("%s%n%x".utf8),
        Array(repeating: UInt8(ascii: "k"), count: 4_096), Array("👩‍👩‍👧 family".utf8),
    ]

    static let logs = [
        LogLine(unixSeconds: 1_699_999_980, level: .debug, text: "shard=shard0 opens the engine"),
        LogLine(unixSeconds: 1_699_999_981, level: .info, text: "shard=shard0 replayed 60123 records in 0.2 s"),
        LogLine(unixSeconds: 1_699_999_985, level: .notice, text: "shard=shard0 leads in term 4"),
        LogLine(unixSeconds: 1_699_999_990, level: .warning, text: "peer \u{1B}[31m127.0.0.22:8080 is slow"),
        LogLine(unixSeconds: 1_699_999_995, level: .error, text: "can't sync: input/output error"),
    ]

    static let events = [
        ClusterEvent(unixSeconds: 1_699_999_990, severity: .info, text: "shard0 opened in 0.2 s"),
        ClusterEvent(unixSeconds: 1_699_999_992, severity: .success, text: "127.0.0.2:8080 is running"),
        ClusterEvent(unixSeconds: 1_699_999_995, severity: .warning, text: "127.0.0.33:8080 is behind the log's start"),
    ]

    /// A dashboard that has watched for three minutes, with a hole of 20 seconds in the middle.
    static func state(
        width: Int = 80,
        height: Int = 24,
        options: ConsoleOptions = ConsoleOptions(),
        canCopy: Bool = false,
        shards: [ClusterStatus.Shard] = shards,
        embedded: Set<String>? = nil
    ) -> ConsoleState {
        var state = ConsoleState(
            options: options,
            themeNames: ["dark", "light", "mono"],
            width: width,
            height: height,
            canCopy: canCopy
        )
        for second in 320...500 where !(470..<490).contains(second) {
            var shards = shards
            for (index, shard) in shards.enumerated() {
                for (place, node) in shard.nodes.enumerated() where node.state.serves {
                    let wave = (second * 37) % 60
                    if node.role == .leader {
                        shards[index].nodes[place].opsPerSecond =
                            .init(read: 4_000 + wave * 50, write: 1_000 + wave * 7)
                    } else if node.lag.milliseconds >= 1_000 {
                        // Falls behind once a second for the last half minute.
                        shards[index].nodes[place].lag.milliseconds = max(0, (second - 470) * 60) + 40
                    }
                }
            }
            let now = ConsoleClock(
                milliseconds: second * 1_000,
                unixSeconds: clock.unixSeconds - 500 + second,
                utcOffsetSeconds: 0
            )
            _ = state.update(.tick(now))
            _ = state.update(.snapshot(snapshot(shards, at: second * 1_000, embedded: embedded)))
        }
        _ = state.update(.clusterEvents(events))
        _ = state.update(.tick(clock))
        return state
    }

    static func frame(_ state: ConsoleState, width: Int? = nil, height: Int? = nil) throws -> CellGrid {
        ConsoleRenderer.render(
            state,
            width: width ?? state.width,
            height: height ?? state.height,
            theme: try theme(),
            glyphs: .unicode
        )
    }
}

extension NodeStatus.Leadership.Member {
    /// In the in-sync set, unless there is a reason against it.
    init(_ address: String, _ reason: String?) {
        self.init(address: address, inSync: reason == nil, blocker: reason ?? "")
    }
}

extension ConsoleState {
    /// Presses keys one after the other and gives what all of them asked for.
    mutating func press(_ keys: Key...) -> [ConsoleAction] { keys.flatMap { update(.key($0)) } }

    mutating func type(_ text: String) -> [ConsoleAction] {
        text.unicodeScalars.flatMap { update(.key(.character($0))) }
    }
}
