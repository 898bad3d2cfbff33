import Model

/// Brings engine and log of one folder together when a store is opened. Nothing else uses the store meanwhile, so no lock is
/// held; has no state of its own.
struct Recovery {
    let engine: any StorageEngine
    let log: CommitLog
    let pipeline: WritePipeline
    let committed: CommittedState
    let slots: ServedSlots
    let visible: VisibleState

    /// - Parameter progress: what is going on, in words with a percentage.
    /// - Throws: `.corrupt` when engine and log don't belong together.
    func run(_ progress: (String) -> Void) throws(StorageError) {
        guard engine.isComplete else { return try startEmpty() }
        try slots.restore()
        let applied = engine.appliedPosition
        committed.begin(at: applied)
        if log.end.sequence < applied.sequence {
            // With `os` durability a power cut may take the log's end but not what the engine synced of it.
            try log.reset(to: applied)
        }
        try check(applied)
        try Replay(engine: engine, log: log, committed: committed, slots: slots).run(after: applied, progress)
        visible.reset(applied: committed.applied.sequence)
        pipeline.followLog()
    }

    /// Died in the middle of a snapshot: starts over with nothing; the leader sends another.
    private func startEmpty() throws(StorageError) {
        try slots.removeFile()
        try engine.eraseAll()
        try log.reset(to: .zero)
        try engine.finishInstall(position: .zero)
    }

    private func check(_ applied: Position) throws(StorageError) {
        guard log.start.sequence <= applied.sequence else {
            throw StorageError(
                .corrupt,
                "the commit log begins after \(log.start) but the engine stands at \(applied): "
                    + "log files are missing; restore them or start from an empty folder as a replica"
            )
        }
        if applied.sequence > log.start.sequence, let term = log.term(at: applied.sequence), term != applied.term {
            throw StorageError(
                .corrupt,
                "engine (\(applied)) and commit log (term \(term) there) are of different histories: "
                    + "the folder mixes files of two nodes; restore it or start from an empty folder as a replica"
            )
        }
    }
}
