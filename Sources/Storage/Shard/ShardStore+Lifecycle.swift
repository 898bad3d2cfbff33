import Synchronization

extension ShardStore {
    /// Opens engine and log of a data folder and replays what the engine has not seen.
    ///
    /// Blocks for as long as the replay takes; starts the store's threads. The store comes up as a replica; a leader
    /// calls `becomeLeader` next.
    /// - Parameter progress: what is going on, in words with a percentage, for the status.
    package static func open(
        folder: DataFolder,
        kind: EngineKind,
        options: Options,
        progress: (String) -> Void
    ) throws(StorageError) -> ShardStore {
        progress("opening \(kind.rawValue)")
        let engine = try EngineOpener.open(kind: kind, folder: folder.enginePath)
        do throws(StorageError) {
            let log = try CommitLog.open(
                folder: folder.logPath,
                options: CommitLog.Options(segmentBytes: options.segmentBytes, durability: options.durability)
            ) { progress("reading the log \(percent($0))") }
            let store = ShardStore(
                engine: engine,
                log: log,
                ownershipFile: OwnershipFile(path: folder.ownershipPath),
                options: options
            )
            do throws(StorageError) {
                try store.recover(progress)
            } catch {
                log.close()
                throw error
            }
            store.threads = [
                StoreThread { store.runApplier() },
                StoreThread { store.runCommitter() },
            ]
            return store
        } catch {
            engine.close()
            throw error
        }
    }

    private static func percent(_ fraction: Double) -> String { "\(Int(fraction * 100)) %" }

    private func recover(_ progress: (String) -> Void) throws(StorageError) {
        guard engine.isComplete else {
            // Died in the middle of a snapshot: start over with nothing; the leader sends another.
            try ownershipFile.remove()
            try engine.eraseAll()
            try log.reset(to: .zero)
            try engine.finishInstall(position: .zero)
            return
        }
        ownership = try ownershipFile.read()?.0
        let applied = engine.appliedPosition
        appliedPosition = applied
        commitPosition = applied
        if log.end.sequence < applied.sequence {
            // With `os` durability a power cut may take the log's end but not what the engine synced of it.
            try log.reset(to: applied)
        }
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
        try replay(after: applied, progress)
        visible.reset(applied: appliedPosition.sequence)
        lastSequence = log.end.sequence
        term = log.end.term
    }

    /// How long a close waits for replicas to confirm what is in flight, in milliseconds: as long as one that is silent
    /// stays in the in-sync set.
    private static let closePatience: UInt64 = 2000

    /// Applies what is committed, stops the threads and closes the files. Event loops have stopped using the store.
    package func close() {
        lock.lock()
        guard !isClosing else { return lock.unlock() }
        lock.unlock()
        if !flushCommits(patience: ShardStore.closePatience) {
            stepDown(because: StorageError(.closed, "the node stops, and its replicas have not confirmed the write"))
        }
        lock.lock()
        isClosing = true
        isLeader = false
        lock.signalWork()
        let remaining = ports
        ports = []
        lock.unlock()
        endUses()
        for thread in threads { thread.join() }
        threads = []
        for port in remaining { port.view = nil }
        views.close()
        log.close()
        engine.close()
        EngineOpener.releaseFreeMemory()
    }
}
