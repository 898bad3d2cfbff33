import Routing

/// A small, strongly consistent store of keys with sessions and watches: what `local` and `etcd` have in common.
///
/// Every call may be made from any task at any time, ends within its timeout (a little later for want of processor time)
/// and when its task is cancelled. Reads are linearizable: they see every transaction that was answered before they
/// were sent. Nothing is retried that might have been done already.
package protocol CoordinatorBackend: Sendable {
    var kind: CoordinatorKind { get }
    /// What people know it by: the file or the endpoints, without passwords.
    var place: String { get }

    /// Begins a session.
    /// - Parameter ttl: milliseconds, `CoordinationLimits.leaseMillisecondsMin` or more.
    /// - Throws: `.unavailable`, also where it is not known whether it was granted: it then ends by itself, unused.
    func grantSession(ttl: UInt64, timeout: Duration) async throws(CoordinationError) -> SessionLease

    /// Prolongs a session by its length from now.
    /// - Throws: `.sessionEnded` when it is over for good; `.unavailable` when it may or may not have been prolonged.
    func renewSession(_ id: String, timeout: Duration) async throws(CoordinationError) -> SessionLease

    /// Ends a session at once, with its keys; one that has ended already is no error.
    func endSession(_ id: String, timeout: Duration) async throws(CoordinationError)

    /// All entries whose key begins with `prefix` (empty: all), or the one entry when `isExact`.
    func read(_ prefix: String, isExact: Bool, timeout: Duration) async throws(CoordinationError) -> CoordinatorRange

    /// Does all operations if all comparisons hold, or nothing.
    /// - Parameter reading: keys to read in the same transaction.
    /// - Throws: `.unknownOutcome` when it may be done; `.sessionEnded` when an operation names a session that is over;
    ///   `.unavailable`, `.unauthorized`, `.tooLarge` and so on when it surely is not.
    func transact(
        _ compares: [CoordinatorCompare],
        _ operations: [CoordinatorOperation],
        reading: [String],
        timeout: Duration
    ) async throws(CoordinationError) -> CoordinatorOutcome

    /// Follows all keys that begin with `prefix`, from their present state on, until cancelled or closed.
    func watch(_ prefix: String) -> CoordinatorWatch

    /// Ends watches and calls under way. Sessions go on until their time is over: end them before.
    func close() async
}
