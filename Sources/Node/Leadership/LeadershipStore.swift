import Model
import Storage

/// What leadership asks and tells its shard's store: `ShardStore` in a node. Any thread; only what takes a closure may block in
/// a node, and calls it when it is done.
package protocol LeadershipStore: AnyObject, Sendable {
    /// The last record on this node's disk.
    var syncedEnd: Position { get }
    /// The last record of the batch that is being written or waits for replicas; nil when there is none.
    var inFlightEnd: Position? { get }
    /// Why the store takes no more writes until it is opened again; nil when it does.
    var failed: StorageError? { get }
    /// Whether nothing is queued or in flight.
    var isDrained: Bool { get }
    /// Why nobody may be led with these contents, in words; nil if they are whole.
    var contentsBlocker: String? { get }

    /// Calls `body`, from any thread, whenever the log or the commit position has grown.
    /// - Returns: a token for `unobserve`.
    func observe(_ body: @escaping @Sendable () -> Void) -> Int
    func unobserve(_ token: Int)

    /// Appends the record that starts a term, durably.
    /// - Parameter done: with its position.
    func beginTerm(
        _ number: UInt64,
        waits: Bool,
        then done: @escaping @Sendable (Result<Position, StorageError>) -> Void
    )
    /// Takes effect at once: nothing is served as the leader from here on. `stepDown` follows.
    func fence()
    /// Queued writes are told that they were not done; of the batch in flight nobody can tell.
    func stepDown(because reason: StorageError, then done: @escaping @Sendable () -> Void)
    func setHold(_ hold: IntakeHold)
    /// - Returns: the last sequence that may be visible already without those that writes wait for from now on.
    @discardableResult
    func changeQuorum(_ change: (inout CommitQuorum) -> Void) -> UInt64
    /// Every member that writes wait for has the log up to there on its disk.
    func advanceReplicated(to sequence: UInt64)
    /// Serves and publishes nothing from this moment of the boot-time clock on (nanoseconds).
    func setLease(until nanoseconds: UInt64)
}

extension ShardStore: LeadershipStore {
    package var syncedEnd: Position { log.syncedEnd }

    package var contentsBlocker: String? { isBeingInstalled || !engine.isComplete ? "it takes a snapshot" : nil }

    package func beginTerm(
        _ number: UInt64,
        waits: Bool,
        then done: @escaping @Sendable (Result<Position, StorageError>) -> Void
    ) {
        do throws(StorageError) {
            try beginTerm(number) { quorum in
                quorum.waitsForReplicas = waits
                quorum.replicatedSequence = 0
            }
            done(.success(Position(term: number, sequence: log.syncedEnd.sequence)))
        } catch {
            done(.failure(error))
        }
    }

    package func stepDown(because reason: StorageError, then done: @escaping @Sendable () -> Void) {
        stepDown(because: reason)
        done()
    }
}
