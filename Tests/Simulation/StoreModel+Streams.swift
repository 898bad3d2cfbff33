import Model
import Replication
import Server
import Storage

/// A leader's side, as the streams to its followers see it.
extension StoreModel: StreamedStore {
    /// What a record takes, as far as offsets go: a replica that is some behind has its log read off the loop.
    private static let bytesPerRecord: UInt64 = 64 << 10

    private var disk: SimulatedDisk { process.node.disk }

    var logState: LeaderFollowerMachine.LogState {
        let end = process.node.durableEnd
        return .init(
            start: disk.start,
            end: end,
            commitSequence: commitPosition.sequence,
            endOffset: end.sequence * StoreModel.bytesPerRecord,
            isLeaseValid: isLeaseValid
        )
    }

    var committed: Position { commitPosition }

    func logOffset(ofSequence sequence: UInt64) -> UInt64? {
        guard sequence >= disk.start.sequence, sequence <= disk.terms.end.sequence else { return nil }
        return sequence * StoreModel.bytesPerRecord
    }

    func ownedSlots() -> SlotOwnership? { nil }

    func observe(_ body: @escaping @Sendable () -> Void) -> Int {
        let token = makeToken()
        observers[token] = body
        return token
    }

    func unobserve(_ token: Int) { observers[token] = nil }

    func pinStream(after sequence: UInt64) -> UInt64 {
        let token = UInt64(makeToken())
        pins[token] = sequence
        return token
    }

    func movePin(_ token: UInt64, after sequence: UInt64) { if pins[token] != nil { pins[token] = sequence } }
    func unpinStream(_ token: UInt64) { pins[token] = nil }

    func beginUse() -> Bool {
        guard !process.isClosing else { return false }
        uses += 1
        return true
    }

    func endUse() { uses -= 1 }
    var isInUse: Bool { uses > 0 }

    func makeLogReader(after position: Position) throws(StorageError) -> any LogBatches {
        guard disk.terms.contains(position) else { throw StorageError(.outOfRange, "the log has no \(position)") }
        return SimulatedLogReader(process.node, after: position)
    }

    func makeContentsReader() -> any ContentsReader { SimulatedContents(process) }

    /// Forgets log that nobody needs any more, but for so many records.
    func cutLog(keeping records: UInt64) {
        let end = disk.terms.end.sequence
        let limit = min(end > records ? end - records : 0, pins.values.min() ?? .max, disk.engine.position.sequence)
        guard let last = disk.batches.last(where: { $0.end.sequence <= limit }) else { return }
        process.node.disk.cut(to: last.end)
    }
}

/// Reads the log of a simulated disk, which may be cut meanwhile.
final class SimulatedLogReader: LogBatches, @unchecked Sendable {
    // Sendable: a simulated cluster, and everything in it, is confined to the one thread that runs it.
    private unowned let node: SimulatedNode
    private(set) var position: Position

    init(_ node: SimulatedNode, after position: Position) {
        self.node = node
        self.position = position
    }

    func next() throws(StorageError) -> LogBatch? {
        guard node.disk.start.sequence <= position.sequence else {
            throw StorageError(.outOfRange, "the log no longer holds the record after \(position)")
        }
        let batches = node.disk.batches
        var (low, high) = (0, batches.count)
        while low < high {
            let middle = (low + high) / 2
            if batches[middle].end.sequence <= position.sequence { low = middle + 1 } else { high = middle }
        }
        guard low < batches.count else { return nil }
        position = batches[low].end
        return batches[low]
    }
}
