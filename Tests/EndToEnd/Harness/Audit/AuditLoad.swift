import Model
import NIOCore
import Routing
import Synchronization

/// Clients that write and read while a cluster suffers, and note what they asked for and were told.
///
/// Lists that one writer appends to, lists of several writers, keys that are set once, keys that several claim with NX,
/// and counters; readers of leaders; per node, one that writes and reads there without going where redirects point, and
/// one that reads as of a replica.
final class AuditLoad: Sendable {
    struct State {
        var history = History()
        /// The newest list of each stem and shard.
        var current: [String: String] = [:]
        /// At least so long each list is, known from answers so far.
        var floors: [String: Int] = [:]
        var awaited: [Int: Awaited] = [:]
        var acknowledged = 0
        var refusals: [String] = []
        var losses: [String] = []
        var unknown: [Int: Int] = [:]
        var isStopping = false
    }

    /// The first write of a shard that was asked for after a moment and acknowledged.
    struct Awaited {
        var since: ContinuousClock.Instant
        var found: ContinuousClock.Instant?
    }

    let nodes: [NodeAddress]
    let shards: Int
    /// Where each member is asked directly, by shard.
    let members: [(shard: Int, address: NodeAddress)]
    let patience: TimeAmount
    let state = Mutex(State())
    private let map: SlotMap

    /// The pace of a client: many at once, but not all that two cores can do.
    static let pause = Duration.milliseconds(4)
    /// A client that was refused waits a little longer.
    static let pauseAfterRefusal = Duration.milliseconds(25)
    /// Then a writer begins the next list: an APPEND writes all of it.
    static let tokensPerList = 300
    /// Examples kept of what went wrong for clients.
    static let examplesMax = 20

    init(_ cluster: TestCluster, patience: TimeAmount = .seconds(3)) throws {
        nodes = cluster.members.map(\.address)
        map = try cluster.slotMap()
        shards = map.shardNames.count
        self.patience = patience
        members = cluster.members.map { (cluster.index(of: $0.shard), $0.listen) }
    }

    /// Writes so far, but those at nodes asked directly.
    var acknowledged: Int { state.withLock { $0.acknowledged } }

    /// What clients were refused, and what they do not know the outcome of: the first few, in words.
    var troubles: [String] { state.withLock { $0.refusals + $0.losses } }

    /// How many times so far a client does not know what became of its write.
    func unknown(on shard: Int) -> Int { state.withLock { $0.unknown[shard] ?? 0 } }

    var isStopping: Bool { state.withLock { $0.isStopping } }

    func stop() { state.withLock { $0.isStopping = true } }

    /// Runs until `stop`.
    /// - Parameter asksMembers: whether members are asked directly, too: most of that is refused.
    func run(asksMembers: Bool = true) async {
        await withTaskGroup(of: Void.self) { tasks in
            var number = 0
            func add(_ body: @escaping @Sendable (Int, AuditClient) async -> Void) {
                let (own, client) = (number, number)
                number += 1
                tasks.addTask { [self] in
                    let connection = AuditClient(nodes, patience: patience, number: client)
                    await body(own, connection)
                    await connection.close()
                }
            }
            for shard in 0..<shards {
                for list in 0..<2 { add { await self.appendAlone($0, shard, "alone\(list)", $1) } }
                add { _, client in await self.look(shard, client) }
            }
            for _ in 0..<3 { add { await self.appendTogether($0, $1) } }
            for _ in 0..<2 {
                add { await self.set($0, $1) }
                add { await self.claim($0, $1) }
                add { _, client in await self.count(client) }
            }
            for member in members where asksMembers {
                add { await self.prod(member.shard, member.address, $0, $1) }
                add { _, client in await self.peek(member.shard, member.address, client) }
            }
        }
    }

    /// A key of that shard, the same each time.
    func key(_ stem: String, shard: Int) -> String {
        var number = 0
        while true {
            let key = "\(stem).\(number)"
            if self.shard(of: key) == shard { return key }
            number += 1
        }
    }

    func shard(of key: String) -> Int { Int(map.owner(of: PackageList.slot(of: Array(key.utf8)))) }

    /// What others wrote beside: pairs that were acknowledged, and keys that are none of this load's business.
    func alsoExpect(_ pairs: [Pair], ignoring prefixes: [String] = []) {
        state.withLock { state in
            for pair in pairs {
                let write = History.Write(value: String(decoding: pair.value, as: UTF8.self), outcome: .acknowledged)
                state.history.writes[String(decoding: pair.key, as: UTF8.self)] = write
            }
            state.history.foreignPrefixes += prefixes
        }
    }

    // MARK: Time until a shard takes writes again

    func awaitWrites(on shards: [Int]) {
        state.withLock { state in
            for shard in shards { state.awaited[shard] = Awaited(since: .now) }
        }
    }

    /// How long it took from `awaitWrites` to the acknowledgement of a write that began after it.
    func gap(_ shard: Int) async throws -> Duration? {
        var gap: Duration?
        _ = try await Poll.until(within: .seconds(60), every: .milliseconds(5)) {
            gap = state.withLock { state in
                state.awaited[shard].flatMap { awaited in awaited.found.map { $0 - awaited.since } }
            }
            return gap != nil
        }
        return gap
    }

    func noteWrite(_ shard: Int, begun: ContinuousClock.Instant, _ state: inout State) {
        state.acknowledged += 1
        guard let awaited = state.awaited[shard], awaited.found == nil, begun >= awaited.since else { return }
        state.awaited[shard]?.found = .now
    }

    func note(_ refusal: History.Refusal, _ state: inout State) {
        if state.refusals.count < AuditLoad.examplesMax { state.refusals.append("\(refusal)") }
    }

    func note(loss: String, _ shard: Int, _ state: inout State) {
        state.unknown[shard, default: 0] += 1
        if state.losses.count < AuditLoad.examplesMax { state.losses.append(loss) }
    }
}
