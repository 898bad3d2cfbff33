import Model
import TestSupport

/// One record of a shard's log.
enum ReshardRecord {
    case termStart
    /// A client's write; `before` is what it was evaluated over. A delete has no `after`.
    case write(key: Int, before: Tokens?, after: Tokens?)
    /// What came from another shard, with the version it had there.
    case imported(key: Int, value: Tokens?, version: UInt64)
    case clear(ClosedRange<UInt16>)
    case ownership(own: SlotSet, disown: SlotSet)
    case jump(beyond: UInt64)
}

struct ReshardLogEntry {
    var sequence: UInt64
    var term: UInt64
    var record: ReshardRecord
    /// Names the batch that it is in; rises.
    var batch: UInt64 = 0
    /// Bytes of log up to and including its batch.
    var offset: UInt64 = 0
}

/// Contents after some prefix of a log.
struct ShardContents {
    struct Stored {
        var value: Tokens
        var version: UInt64
    }

    var values: [Int: Stored] = [:]
    var owned = SlotSet()

    mutating func apply(_ entry: ReshardLogEntry, _ keys: ReshardKeys) {
        switch entry.record {
        case .termStart, .jump: break
        case .write(let key, _, let after): values[key] = after.map { Stored(value: $0, version: entry.sequence) }
        case .imported(let key, let value, let version):
            values[key] = value.map { Stored(value: $0, version: version) }
        case .clear(let slots):
            for key in values.keys where slots.contains(keys.slot(of: key)) { values[key] = nil }
        case .ownership(let own, let disown):
            owned.formUnion(own)
            owned.subtract(disown)
        }
    }

    /// Slots that have keys and are not owned.
    func leftovers(_ keys: ReshardKeys) -> SlotSet {
        var slots = SlotSet()
        for key in values.keys where !owned.contains(keys.slot(of: key)) {
            slots.insert(keys.slot(of: key)...keys.slot(of: key))
        }
        return slots
    }
}

/// What a shard's in-sync members have on their disks: one log, of which a part is committed. The leader's process may
/// die; this stays.
final class ShardLogModel {
    let name: String
    let keys: ReshardKeys
    private let truth: ReshardTruth
    private(set) var term: UInt64 = 0
    private(set) var entries: [ReshardLogEntry] = []
    /// How many entries are committed, and the contents they make.
    private(set) var committed = 0
    private(set) var contents = ShardContents()
    /// What leaders within their lease vouched for: everything acknowledged by `time` is in the first `count` entries.
    private(set) var stamps: [(time: UInt64, count: Int)] = []
    private var lastBatch: UInt64 = 0

    init(name: String, keys: ReshardKeys, truth: ReshardTruth) {
        self.name = name
        self.keys = keys
        self.truth = truth
    }

    /// The last sequence that is used up; a jump uses up all it skips.
    var lastSequence: UInt64 {
        guard let last = entries.last else { return 0 }
        if case .jump(let beyond) = last.record { return max(last.sequence, beyond) }
        return last.sequence
    }

    var committedSequence: UInt64 { committed == 0 ? 0 : entries[committed - 1].sequence }

    /// A new term: of what was not committed, some prefix is on the new leader's disk, and counts from now on.
    func begin(term: UInt64, keeping part: Double, at time: UInt64) {
        self.term = term
        let tail = entries.count - committed
        let kept = min(tail, Int((Double(tail + 1) * part).rounded(.down)))
        entries.removeLast(tail - kept)
        commit(entries.count, at: time)
    }

    /// Appends as many batches as it takes: sequences are skipped behind a batch's last record alone.
    func append(_ new: [ReshardLogEntry]) {
        var start = new.startIndex
        for (index, entry) in new.enumerated() {
            guard index == new.endIndex - 1 || entry.isJump else { continue }
            lastBatch += 1
            var batch = Array(new[start...index])
            let offset = (entries.last?.offset ?? 0) + batch.encodedBytes(keys)
            for place in batch.indices { (batch[place].batch, batch[place].offset) = (lastBatch, offset) }
            entries += batch
            start = index + 1
        }
    }

    func commit(_ count: Int, at time: UInt64) {
        guard count > committed else { return }
        for entry in entries[committed..<count] {
            contents.apply(entry, keys)
            if case .write(let key, let before, let after) = entry.record {
                truth.committed(
                    key: key,
                    before: before,
                    after: after,
                    version: entry.sequence,
                    shard: name,
                    at: time
                )
            }
        }
        committed = count
    }

    func vouch(at time: UInt64) {
        stamps.append((time, committed))
        if stamps.count > 200 { stamps.removeFirst(100) }
    }

    /// The contents after so many entries.
    func contents(after count: Int) -> ShardContents {
        var contents = ShardContents()
        for entry in entries.prefix(count) { contents.apply(entry, keys) }
        return contents
    }

    var leftovers: SlotSet { contents.leftovers(keys) }
}
