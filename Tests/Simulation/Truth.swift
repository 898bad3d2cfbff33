import Model
import Replication
import TestSupport

/// One record as the simulation sees it.
struct SimulatedRecord: Hashable {
    var term: UInt64
    /// nil: a term-start record.
    var key: UInt32?
    var value: Tokens
}

/// What is true of a shard, known to the simulation alone, and what must never be otherwise.
final class Truth {
    /// Everything that was ever visible anywhere, by sequence (from 1).
    private(set) var committed: [SimulatedRecord] = []
    /// When which sequence had been acknowledged to a client, both rising.
    private var acknowledged: [(time: UInt64, sequence: UInt64)] = []
    private var leaders: [UInt64: String] = [:]
    private(set) var violation: String?

    func fail(_ text: String) { if violation == nil { violation = text } }

    /// A record became visible on a member. Nobody shows it before its leader.
    func publish(_ record: SimulatedRecord, sequence: UInt64, isLeader: Bool, on member: String) {
        let index = Int(sequence) - 1
        if index < committed.count {
            guard committed[index] != record else { return }
            fail("\(member) shows \(record) at \(sequence), where \(committed[index]) was committed")
        } else if index == committed.count, isLeader {
            committed.append(record)
        } else {
            fail("\(member) shows \(sequence), but only \(committed.count) records are committed")
        }
    }

    /// A write was told to have been done.
    func acknowledge(_ position: Position, at time: UInt64) {
        guard isCommitted(position) else { return fail("\(position) was acknowledged and is not committed") }
        if position.sequence > acknowledged.last?.sequence ?? 0 { acknowledged.append((time, position.sequence)) }
    }

    func isCommitted(_ position: Position) -> Bool {
        position.sequence == 0
            || position.sequence <= committed.count && committed[Int(position.sequence) - 1].term == position.term
    }

    /// A term has one leader.
    func begin(term: UInt64, by member: String) {
        if let other = leaders[term], other != member { fail("\(other) and \(member) both lead term \(term)") }
        leaders[term] = member
    }

    /// A leader starts to serve: it has everything that anyone ever saw.
    func serve(_ log: TermIndex, by member: String) {
        let last = UInt64(committed.count)
        guard last > 0, log.base.sequence < last else { return }
        if log.term(at: last) != committed[committed.count - 1].term {
            fail("\(member) serves with a log up to \(log.end), without \(committed[committed.count - 1].term)-\(last)")
        }
    }

    /// Contents come from an engine, a snapshot or a replica's commit position.
    func check(_ position: Position, _ what: String) {
        if !isCommitted(position) { fail("\(what) at \(position) is beyond what is committed") }
    }

    /// A replica answered with everything up to `sequence`, promising that it is not older than `bound` microseconds.
    func readReplica(sequence: UInt64, at time: UInt64, bound: UInt64, on member: String) {
        guard time > bound else { return }
        var low = 0
        var high = acknowledged.count
        while low < high {
            let middle = (low + high) / 2
            if acknowledged[middle].time <= time - bound { low = middle + 1 } else { high = middle }
        }
        guard low > 0, acknowledged[low - 1].sequence > sequence else { return }
        fail(
            "\(member) shows \(sequence), older than promised: \(acknowledged[low - 1].sequence) was acknowledged before"
        )
    }

    /// The contents after the first `sequence` records.
    func contents(through sequence: UInt64) -> [UInt32: Tokens] {
        var values: [UInt32: Tokens] = [:]
        for record in committed.prefix(Int(sequence)) { if let key = record.key { values[key] = record.value } }
        return values
    }
}
