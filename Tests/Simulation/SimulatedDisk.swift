import Model
import Replication
import Storage
import TestSupport

/// A member's data folder: what survives a crash of the process, and what of the machine.
struct SimulatedDisk {
    struct Engine {
        var position = Position.zero
        var values: [UInt32: Tokens] = [:]
    }

    /// The folder's random id.
    var id: String
    /// The coordinator that the folder belongs to; empty before it joined one.
    var coordinator = ""
    var batches: [LogBatch] = []
    var terms = TermIndex(base: .zero)
    /// Records up to here survive the machine.
    var synced = Position.zero
    var engine = Engine()
    /// Half of a snapshot is in it.
    var isIncomplete = false

    init(id: String) { self.id = id }

    var start: Position { terms.base }

    mutating func append(_ batch: LogBatch) -> Bool {
        guard terms.append(term: batch.term, firstSequence: batch.firstSequence, count: batch.sequences) else {
            return false
        }
        batches.append(batch)
        return true
    }

    mutating func truncate(after sequence: UInt64) {
        batches.removeAll { $0.end.sequence > sequence }
        terms.truncate(after: sequence)
        if synced.sequence > sequence { synced = terms.end }
    }

    /// Forgets the log up to there; the engine has it.
    mutating func cut(to position: Position) {
        guard position.sequence > start.sequence, position <= engine.position else { return }
        var rest = TermIndex(base: position)
        batches.removeAll { $0.end.sequence <= position.sequence }
        for batch in batches {
            rest.append(term: batch.term, firstSequence: batch.firstSequence, count: batch.sequences)
        }
        terms = rest
    }

    mutating func empty() {
        batches = []
        terms = TermIndex(base: .zero)
        synced = .zero
        engine = Engine()
        isIncomplete = true
    }

    mutating func finishInstall(at position: Position) {
        terms = TermIndex(base: position)
        synced = position
        engine.position = position
        isIncomplete = false
    }

    /// The machine dies: of what was not synced, any number of batches is lost (a torn one is cut at open).
    mutating func losePower(_ random: inout SimulationRandom) {
        // An engine syncs by itself.
        synced = max(synced, min(engine.position, terms.end))
        let unsynced = batches.filter { $0.end > synced }.count
        let kept = unsynced == 0 ? 0 : random.pick(below: unsynced + 1)
        let lost = unsynced - kept
        guard lost > 0 else { return }
        let end = batches.count > lost ? batches[batches.count - lost - 1].end : start
        truncate(after: end.sequence)
    }

    /// The process opens the folder: what is in the page cache is synced first.
    mutating func open() { synced = terms.end }

    /// What a process that opens the folder knows to be committed.
    var knownCommit: UInt64 {
        max(engine.position.sequence, min(terms.end.sequence, batches.last?.commitSequence ?? 0))
    }
}
