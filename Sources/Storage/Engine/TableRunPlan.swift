/// Which parts of a batch are worth a table file of their own.
///
/// Keys that come slot by slot (a migration, a snapshot) lie side by side in a batch, where the engine has nothing yet. As
/// a table file RocksDB takes them over as they are, at the bottom of the tree: written once. Through the memtable they
/// would be written again and again, since a flushed file spans all slots and every compaction has to merge it.
package struct TableRunPlan {
    /// What makes a run.
    package struct Limits: Hashable, Sendable {
        /// A file costs a sync and an entry in the manifest, which smaller ones are not worth.
        package var runBytesMin = 4 << 20
        /// Fewer bytes in a slot are a client's writes rather than a copy, and its neighbours are in other parts of the tree.
        package var slotBytesMin = 16 << 10
        /// A batch with more is no copy of a few slot ranges.
        package var runsMax = 16

        package init() {}
    }

    /// Indexes of the batch's writes, ascending: puts of inline keys, in the order of the stored keys.
    package private(set) var runs: [Range<Int>] = []

    /// - Parameters:
    ///   - writes: sorted by slot and then key bytes, each key at most once.
    ///   - isEmpty: whether the engine has nothing of a slot.
    package init(_ writes: UnsafeBufferPointer<EngineWrite>, _ limits: Limits = Limits(), isEmpty: (UInt16) -> Bool) {
        var run = Run()
        var at = 0
        while at < writes.count {
            let slot = TableRunPlan.slot(at: at, in: writes)
            let isApart = run.last.map { last in (last + 1..<writes[at].slot).contains { !isEmpty($0) } } ?? false
            if isApart || !slot.isCopy(limits) { close(&run, limits) }
            if slot.isCopy(limits) { run.append(slot, of: writes[at].slot) }
            at = slot.writes.upperBound
        }
        close(&run, limits)
        if runs.count > limits.runsMax { runs = [] }
    }

    /// What lies between the runs, of a batch of so many writes.
    package func rest(of count: Int) -> [Range<Int>] {
        let ends = [0] + runs.map(\.upperBound)
        let starts = runs.map(\.lowerBound) + [count]
        return zip(ends, starts).map { $0..<$1 }
    }

    private mutating func close(_ run: inout Run, _ limits: Limits) {
        if run.bytes >= limits.runBytesMin, let writes = run.writes { runs.append(writes) }
        run = Run()
    }

    /// The writes of one slot.
    private struct Slot {
        var writes: Range<Int>
        var bytes = 0
        var hasOnlyNewKeys = true

        func isCopy(_ limits: Limits) -> Bool { hasOnlyNewKeys && bytes >= limits.slotBytesMin }
    }

    private struct Run {
        var writes: Range<Int>?
        var bytes = 0
        var last: UInt16?

        mutating func append(_ slot: Slot, of number: UInt16) {
            writes = (writes?.lowerBound ?? slot.writes.lowerBound)..<slot.writes.upperBound
            bytes += slot.bytes
            last = number
        }
    }

    private static func slot(at start: Int, in writes: UnsafeBufferPointer<EngineWrite>) -> Slot {
        var slot = Slot(writes: start..<start)
        var at = start
        while at < writes.count, writes[at].slot == writes[start].slot {
            let write = writes[at]
            slot.bytes += write.key.count + (write.value?.bytes.count ?? 0)
            if !isNew(write) { slot.hasOnlyNewKeys = false }
            at += 1
        }
        slot.writes = start..<at
        return slot
    }

    /// Long keys are stored in another order than that of their bytes, and table files are written in order.
    private static func isNew(_ write: EngineWrite) -> Bool {
        guard write.value != nil, !EngineKey.isLong(write.key) else { return false }
        if case .present = write.previous { return false }
        return true
    }
}
