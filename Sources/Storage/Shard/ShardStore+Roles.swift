import Model
import Synchronization

/// What the node's leadership and its replica's driver have the store do. They decide; the store does as told and checks
/// lease and quorum whenever it matters.
extension ShardStore {
    // MARK: As the leader

    /// Begins a term alone: everything in the log counts, since nobody else is in the in-sync set. Serves at return.
    package func becomeLeader() throws(StorageError) {
        setLease(until: .max)
        setHold(.none)
        try beginTerm(lock.withLock { term } + 1) { $0 = CommitQuorum() }
        try lock.withLock { () throws(StorageError) in
            guard pipeline.isLeader else {
                throw pipeline.failure
                    ?? StorageError(.notLeader, "the node's lease ran out before its term had begun")
            }
        }
    }

    /// Appends the record that starts a term and makes it durable here. The whole log is kept; it is committed, and the
    /// store serves, once the quorum has it. Nothing else may be using the store as a replica any more. Blocks.
    /// - Parameter change: what commits wait for in that term.
    package func beginTerm(_ number: UInt64, _ change: (inout CommitQuorum) -> Void) throws(StorageError) {
        try pipeline.beginTerm(number, change)
    }

    /// Changes what commits wait for; what is in flight may be committed by it.
    /// - Returns: the last sequence that may be visible already without those that writes wait for from now on.
    @discardableResult
    package func changeQuorum(_ change: (inout CommitQuorum) -> Void) -> UInt64 { pipeline.changeQuorum(change) }

    /// From the return on, commands wait as this says, until it says otherwise.
    package func setHold(_ next: IntakeHold) { pipeline.setHold(next) }

    /// Every member that writes wait for has the log up to `sequence` on its disk.
    package func advanceReplicated(to sequence: UInt64) { pipeline.advanceReplicated(to: sequence) }

    /// Serves nothing, and publishes nothing, from this moment of the boot-time clock on (nanoseconds). Takes no lock.
    package func setLease(until nanoseconds: UInt64) { lease.set(until: nanoseconds) }

    /// Takes effect at once and without a lock, unlike `stepDown`, which follows: nothing is served as the leader from here on.
    package func fence() { pipeline.fence() }

    /// Steps down: queued writes are told that they were not done, of the batch in flight nobody can tell. What is
    /// in the log stays, uncommitted. Blocks while a batch is being written.
    package func stepDown(because reason: StorageError) { pipeline.stepDown(because: reason) }

    /// Whether this node may answer as the leader at this moment. Any thread. Ask after evaluating reads, before their
    /// replies leave: a process may be stopped between any two instructions.
    @inline(__always) package var isLeaderNow: Bool { lease.isLeader && lease.isValid }

    /// Whether commands are served as by the leader, or parked until it is known who that is. Any thread.
    @inline(__always) package var isLeaderOrHolds: Bool { isLeaderNow || readTable.isHeld }

    /// Whether nothing is queued or in flight: after a hold, all that was let in has been committed.
    package var isDrained: Bool { lock.withLock { pipeline.isDrained } }

    /// The last record of the batch that is being written or waits for replicas; nil when there is none. Takes no lock that
    /// commands take.
    package var inFlightEnd: Position? { pipeline.progress.withLock { $0.inFlightEnd } }

    /// Why the store takes no more writes until it is opened again; nil when it does. Takes no lock that commands take.
    package var failed: StorageError? { pipeline.progress.withLock { $0.failure } }

    // MARK: As a replica. One caller at a time.

    /// Appends batches of the leader and makes them durable. Blocks for one sync.
    package func appendReplicated(_ batches: [LogBatch]) throws(StorageError) { try replica.append(batches) }

    /// Makes visible what the leader says is committed, as far as it is here.
    package func advanceCommit(to sequence: UInt64) { replica.advanceCommit(to: sequence) }

    /// Cuts the tail of another history. Never below the commit position.
    package func truncate(after position: Position) throws(StorageError) { try replica.truncate(after: position) }

    /// Empties the node for a snapshot; reads find nothing until `finishInstall`. Waits for the applier to let go.
    package func beginInstall() throws(StorageError) { try install.begin() }

    /// Stores one chunk of a snapshot.
    /// - Parameter writes: sorted by slot and then key bytes.
    package func install(_ writes: UnsafeBufferPointer<EngineWrite>) throws(StorageError) { try install.add(writes) }

    /// Stores what the leader's log changed while the snapshot was made.
    /// - Parameter writes: in the order of the log; the last one of a key counts.
    package func installChanges(_ writes: [EngineWrite]) throws(StorageError) { try install.addChanges(writes) }

    /// The snapshot is complete: its position is the new beginning of log and engine.
    /// - Parameter owned: what the leader's shard owns by its log, as of that position or later.
    package func finishInstall(position: Position, owned: SlotOwnership? = nil) throws(StorageError) {
        try install.finish(position: position, owned: owned)
    }
}
