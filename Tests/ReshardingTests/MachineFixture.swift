import Model
import Replication
import Resharding
import Routing
import Storage
import Testing

/// One leader's machine with time that a test moves, and what it did last.
struct MachineFixture {
    var machine: ReshardingMachine
    var now: UInt64 = 10_000
    private(set) var actions: [ReshardingMachine.Action] = []
    private(set) var serving = SlotServing()

    static let job = "j"
    /// Shards a and b; slots 0 to 8191 are a's.
    static func map() throws -> SlotMap { try PlacementPolicy.fixed.map(current: nil, shards: ["a", "b"]) }

    static func slots(_ text: String) throws -> SlotSet { try SlotList(text).set }

    /// A job that moves those slots to b, one list after the other.
    static func job(_ lists: [String], from map: SlotMap, rate: UInt64? = nil) throws -> (ReshardJob, SlotMap) {
        let moves = try lists.map { ReshardRequest.SlotMove(slots: try SlotList($0), shard: "b") }
        let plan = try ReshardPlan(ReshardRequest(moves: moves), current: map, policy: .fixed)
        let step = try ReshardJob(plan, id: job, requester: "", now: 0, rate: rate).beginning(on: map)
        return (step.job, step.map)
    }

    static func record(_ shard: String, term: UInt64, revision: UInt64, leads: Bool = true) -> SeenRecord {
        let leader = Member(id: "m-\(shard)", address: "\(shard):1")
        let record = ShardRecord(
            shard: shard,
            term: term,
            leader: leads ? leader : nil,
            session: "s",
            inSync: [leader]
        )
        return SeenRecord(record: record, revision: revision)
    }

    /// Term 3 of a, term 5 of b.
    static func snapshot(_ map: SlotMap, _ job: ReshardJob?, revision: UInt64 = 10) -> CoordinatorSnapshot {
        CoordinatorSnapshot(
            map: map,
            mapRevision: revision,
            records: ["a": record("a", term: 3, revision: 4), "b": record("b", term: 5, revision: 5)],
            job: job,
            jobRevision: job == nil ? 0 : revision
        )
    }

    /// The leader of `shard`, whose log owns what the map says, unless told otherwise.
    init(_ shard: String, _ snapshot: CoordinatorSnapshot, owned: SlotSet? = nil) throws {
        var mine = SlotSet()
        if let index = snapshot.map.index(ofShard: shard) {
            for range in snapshot.map.ranges(ofShard: index) { mine.insert(range) }
        }
        machine = ReshardingMachine(
            identity: .init(cluster: "c", coordinator: "k", shard: shard, term: shard == "a" ? 3 : 5),
            snapshot: snapshot,
            owned: owned ?? mine,
            committed: 100
        )
    }

    @discardableResult
    mutating func handle(_ event: ReshardingMachine.Event, after milliseconds: UInt64 = 0) -> [ReshardingMachine.Action]
    {
        now += milliseconds
        actions = machine.handle(event, now: now)
        for case .serve(let serving) in actions { self.serving = serving }
        return actions
    }

    mutating func source(_ event: MigrationSourceMachine.Event, after milliseconds: UInt64 = 0) {
        handle(.source(link: 1, event), after: milliseconds)
    }

    mutating func target(_ event: MigrationTargetMachine.Event, link: UInt64 = 1, after milliseconds: UInt64 = 0) {
        handle(.target(link: link, event), after: milliseconds)
    }

    // MARK: What was done, in short words

    var words: [String] { actions.map(Self.words) }

    func did(_ word: String) -> Bool { words.contains { $0.hasPrefix(word) } }

    var proposal: ReshardProposal? {
        for case .propose(let proposal) in actions { return proposal }
        return nil
    }

    var hello: MigrationHello? {
        for case .target(_, .connect(_, let hello)) in actions { return hello }
        return nil
    }

    private static func words(_ action: ReshardingMachine.Action) -> String {
        switch action {
        case .serve: "serve"
        case .changeOwnership(let number, let own, let disown, _): "ownership \(number) +\(own.short) -\(disown.short)"
        case .clear(let number, let slots): "clear \(number) \(slots)"
        case .propose(let proposal): "propose \(proposal.number)"
        case .readCoordinator: "read"
        case .source(_, let action): "source \(words(action))"
        case .target(let link, let action): "target \(link) \(words(action))"
        case .note(let text): "note \(text)"
        }
    }

    private static func words(_ action: MigrationSourceMachine.Action) -> String {
        switch action {
        case .send(let frame): words(frame)
        case .openCopy(let slots): "open \(slots)"
        case .sendChunks: "chunks"
        case .readLog(let after, _): "log \(after)"
        case .pinLog(let after): "pin \(after)"
        case .close(let reason): "close \(reason)"
        }
    }

    private static func words(_ action: MigrationTargetMachine.Action) -> String {
        switch action {
        case .connect(let address, _): "connect \(address)"
        case .send(let frame): words(frame)
        case .clear(let slots): "clear \(slots)"
        case .importChunk(let chunk): "import \(chunk.count)"
        case .jump(let number, let beyond): "jump \(number) \(beyond)"
        case .close(let reason): "close \(reason)"
        }
    }

    private static func words(_ frame: MigrationFrame) -> String {
        switch frame {
        case .accept(let acceptance): "accept \(acceptance.position)"
        case .refuse(let refusal, _): "refuse \(refusal)"
        case .chunk: "chunk"
        case .copied(let keys): "copied \(keys)"
        case .mark(let mark): "mark \(mark.through) \(mark.bytesLeft)"
        case .final(let number, let position): "final \(number) \(position)"
        case .released(let number, _): "released \(number)"
        case .owned(let number, let version): "owned \(number) \(version)"
        case .acknowledge(let bytes): "acknowledge \(bytes)"
        case .ask(let number): "ask \(number)"
        case .confirm(let number, let term): "confirm \(number) \(term)"
        }
    }

    // MARK: Data

    /// A chunk of keys whose slot is 5, of so many bytes of value each.
    static func chunk(_ versions: [UInt64], bytes: Int = 10) -> MigrationChunk? {
        var builder = MigrationChunkBuilder()
        let value = [UInt8](repeating: 7, count: bytes)
        for version in versions {
            key.withUnsafeBytes { key in
                value.withUnsafeBytes { value in
                    builder.append(MigrationEntry(kind: .put, slot: slot, version: version, key: key, value: value))
                }
            }
        }
        return builder.finish()
    }

    static let key = Array("key".utf8)
    static let slot = key.withUnsafeBytes { KeySlot.slot(of: $0) }
}

/// A failed expectation tells what was done, not all of the machine.
extension MachineFixture: CustomTestStringConvertible {
    var testDescription: String { words.joined(separator: "; ") }
}

extension SlotSet: CustomTestStringConvertible {
    package var testDescription: String { SlotList(self).short }
}
