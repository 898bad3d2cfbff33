import Model
import Replication
import Storage

/// A leader's and a follower's machines joined by a network and disks that a test controls.
struct FakeShard {
    struct Disk {
        var batches: [LogBatch] = []
        var start = Position.zero
        var terms = TermIndex(base: .zero)
        var needsSnapshot = false
        var applied: UInt64 = 0
        var commit: UInt64 = 0
        mutating func append(_ batch: LogBatch) {
            precondition(terms.append(term: batch.term, firstSequence: batch.firstSequence, count: batch.sequences))
            batches.append(batch)
        }
        mutating func truncate(after sequence: UInt64) {
            batches.removeAll { $0.end.sequence > sequence }
            terms.truncate(after: sequence)
        }
        /// What it takes to compare histories: sequence to term.
        var records: [UInt64: UInt64] {
            var map: [UInt64: UInt64] = [:]
            for batch in batches { for n in batch.firstSequence...batch.end.sequence { map[n] = batch.term } }
            return map
        }
    }

    var now: UInt64 = 1_000
    var leaderDisk = Disk()
    var followerDisk = Disk()
    var unsynced: [LogBatch] = []
    var term: UInt64
    var leader: LeaderFollowerMachine?
    var follower: FollowerMachine
    var linkNumber: UInt64 = 0
    var toFollower: [(link: UInt64, bytes: [UInt8])] = []
    var toLeader: [(link: UInt64, bytes: [UInt8])] = []
    var followerParser = PeerFrameParser(sender: .leader)
    var leaderParser = PeerFrameParser(sender: .follower)
    var isCut = false
    var snapshots = 0
    /// What the leader says that the shard owns, and what a snapshot brought of it.
    var owned: SlotOwnership?
    var installedOwned: SlotOwnership?
    var cuts = 0
    var syncs = true
    var reports: [FollowerReport] = []

    static let identity = FollowerMachine.Identity(cluster: "c", shard: "s", folder: "f", address: "a:1")

    init(term: UInt64, leader: [LogBatch], follower: [LogBatch] = [], followerCommit: UInt64 = 0) {
        self.term = term
        for batch in leader { leaderDisk.append(batch) }
        for batch in follower { followerDisk.append(batch) }
        followerDisk.commit = followerCommit
        followerDisk.applied = followerCommit
        self.follower = FakeShard.machine(followerDisk, 1_000)
    }

    static func machine(_ disk: Disk, _ now: UInt64) -> FollowerMachine {
        FollowerMachine(
            identity: identity,
            disk: .init(
                terms: disk.terms,
                commitSequence: disk.commit,
                appliedSequence: disk.applied,
                needsSnapshot: disk.needsSnapshot
            ),
            now: now
        )
    }

    var log: LeaderFollowerMachine.LogState {
        .init(
            start: leaderDisk.start,
            end: leaderDisk.terms.end,
            commitSequence: leaderDisk.terms.end.sequence,
            endOffset: leaderDisk.terms.end.sequence * 50,
            isLeaseValid: true
        )
    }

    mutating func write(count: Int, padding: Int = 0) {
        let first = leaderDisk.terms.end.sequence + 1
        leaderDisk.append(makeBatch(term: term, first: first, count: count, padding: padding))
        lead(.logAdvanced)
    }

    mutating func cutLog(to sequence: UInt64) {
        leaderDisk.start = Position(term: leaderDisk.terms.term(at: sequence) ?? 0, sequence: sequence)
        leaderDisk.batches.removeAll { $0.end.sequence <= sequence }
    }

    mutating func lead(_ event: LeaderFollowerMachine.Event) {
        let log = self.log
        let now = self.now
        for action in leader?.handle(event, log: log, now: now) ?? [] {
            switch action {
            case .send(let frame): post(frame)
            case .readLog(let after, let limit): read(after, limit)
            case .askForSnapshot: lead(.snapshotAllowed)
            case .startSnapshot:
                snapshots += 1
                lead(.snapshotOpened(position: leaderDisk.terms.end, keys: 1, bytes: 3, owned: owned))
            case .sendChunks:
                var builder = SnapshotChunkBuilder()
                [UInt8]("key".utf8).withUnsafeBytes {
                    builder.append(SnapshotEntry(slot: 1, version: 1, expiry: 0, flags: 0, key: $0, value: $0))
                }
                post(.snapshotChunk(builder.finish()))
                lead(.chunksSent(keys: 1, bytes: 40, isLast: true))
            case .pinLog: break
            case .close: breakLink()
            }
        }
    }

    private mutating func read(_ after: Position, _ limit: Int) {
        guard after.sequence >= leaderDisk.start.sequence else { return lead(.logUnavailable) }
        var end = after
        var bytes = 0
        for batch in leaderDisk.batches where batch.firstSequence > after.sequence {
            if bytes > 0, bytes + batch.bytes.count > limit { break }
            post(.batch(batch))
            end = batch.end
            bytes += batch.bytes.count
        }
        lead(.batchesSent(end: end, bytes: bytes))
    }

    private mutating func post(_ frame: PeerFrame) {
        var bytes: [UInt8] = []
        frame.encode(into: &bytes)
        toFollower.append((linkNumber, bytes))
    }

    mutating func follow(_ event: FollowerMachine.Event) {
        let now = self.now
        for action in follower.handle(event, now: now) {
            switch action {
            case .connect(let link): connect(link)
            case .greet(let hello):
                leader = LeaderFollowerMachine(
                    identity: .init(cluster: "c", shard: "s", term: term, engine: "lmdb"),
                    now: now
                )
                follow(.helloAccepted(link: linkNumber))
                lead(.hello(hello, terms: leaderDisk.terms))
            case .send(let frame):
                var bytes: [UInt8] = []
                frame.encode(into: &bytes)
                toLeader.append((linkNumber, bytes))
            case .append(let batch): unsynced.append(batch)
            case .advanceCommit(let sequence):
                precondition(sequence >= followerDisk.commit && sequence <= followerDisk.terms.end.sequence)
                followerDisk.commit = sequence
                followerDisk.applied = sequence
                follow(.applied(sequence: sequence))
            case .truncate(let after):
                precondition(after.sequence >= followerDisk.commit, "cut below the commit position")
                cuts += 1
                followerDisk.truncate(after: after.sequence)
                follow(.truncated)
            case .beginSnapshot:
                followerDisk = Disk()
                unsynced = []
                followerDisk.needsSnapshot = true
                follow(.snapshotBegun)
            case .installChunk(let chunk): follow(.chunkInstalled(keys: UInt64(chunk.count)))
            case .finishSnapshot(let position, let owned):
                installedOwned = owned
                followerDisk.terms = TermIndex(base: position)
                followerDisk.start = position
                followerDisk.needsSnapshot = false
                (followerDisk.commit, followerDisk.applied) = (position.sequence, position.sequence)
                follow(.snapshotFinished)
            case .leaderChanged: break
            case .report(let report): reports.append(report)
            case .disconnect: breakLink()
            case .fail: break
            }
        }
    }

    private mutating func connect(_ link: UInt64) {
        breakLink()
        linkNumber = link
        guard !isCut else { return follow(.disconnected(link: link, reason: "unreachable")) }
        followerParser = PeerFrameParser(sender: .leader)
        leaderParser = PeerFrameParser(sender: .follower)
        follow(.connected(link: link))
    }

    /// What was under way is lost for the leader; the follower may still be handed frames of the old link.
    mutating func breakLink() {
        leader = nil
        toLeader = []
    }

    mutating func sync() {
        guard syncs else { return }
        let batches = unsynced
        unsynced = []
        for batch in batches { followerDisk.append(batch) }
        if let last = batches.last { follow(.synced(through: last.end)) }
    }

    /// The process dies; what wasn't synced is gone.
    mutating func crashFollower() {
        breakLink()
        unsynced = []
        toFollower = []
        follower = FakeShard.machine(followerDisk, now)
        linkNumber = 0
    }

    /// Delivers up to `limit` bytes in each direction.
    mutating func deliver(limit: Int = .max) {
        guard !isCut else { return }
        for (link, bytes) in FakeShard.take(&toFollower, limit) {
            guard link == linkNumber else { continue }
            bytes.withUnsafeBytes { followerParser.append($0) }
            do {
                while let frame = try followerParser.next() { follow(.frame(link: link, frame)) }
            } catch { follow(.disconnected(link: link, reason: error.message)) }
        }
        for (_, bytes) in FakeShard.take(&toLeader, limit) where leader != nil {
            bytes.withUnsafeBytes { leaderParser.append($0) }
            while let frame = try? leaderParser.next() { lead(.frame(frame)) }
        }
    }

    private static func take(
        _ queue: inout [(link: UInt64, bytes: [UInt8])],
        _ limit: Int
    ) -> [(link: UInt64, bytes: [UInt8])] {
        var room = limit
        var taken: [(link: UInt64, bytes: [UInt8])] = []
        while room > 0, let first = queue.first {
            let count = min(room, first.bytes.count)
            taken.append((first.link, Array(first.bytes[..<count])))
            room -= count
            if count == first.bytes.count { queue.removeFirst() } else { queue[0].bytes.removeFirst(count) }
        }
        return taken
    }

    mutating func step(_ milliseconds: UInt64 = 10) {
        now += milliseconds
        lead(.tick)
        follow(.tick)
        deliver()
        sync()
    }

    mutating func run(_ milliseconds: UInt64) { for _ in 0..<milliseconds / 10 { step() } }
}
