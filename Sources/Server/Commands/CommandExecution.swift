import Storage

/// What became of a command.
enum CommandOutcome {
    /// It is answered, waits, or the connection ends.
    case done
    /// It has to be evaluated anew under the store's lock: it writes, or comes after a write of this connection.
    case needsLock
    /// The same without the lock.
    case needsNoLock
    /// A key is only in the engine: it is fetched, then the command is evaluated anew.
    case needsEngine
    /// It touches many keys: the rest of them comes in a later turn of the loop.
    case needsTurn
}

/// A command on keys. Throws what becomes its error reply, but `.cold`: then it is evaluated anew when the key has been
/// fetched, so nothing may have been queued before.
typealias DataCommand =
    @Sendable (_ session: inout ShardSession, _ arguments: Arguments, _ reply: inout Reply) throws(StorageError) ->
    CommandOutcome

/// A command without keys. Without the store's lock.
typealias KeylessCommand =
    @Sendable (_ connection: any CommandConnection, _ arguments: Arguments, _ reply: inout Reply) -> Void

/// What executes a command.
enum CommandExecution: Sendable {
    case data(DataCommand)
    case keyless(KeylessCommand)
}

/// What a command without keys may ask of its connection. On the connection's loop.
protocol CommandConnection: AnyObject {
    /// What the node serves from now.
    var state: ServingState { get }
    var control: any NodeControl { get }
    var metrics: NodeMetrics { get }
    /// Large replies about the cluster.
    var topology: TopologyCache { get }
    /// Asks all loops of the node for the followers that they serve. Blocks; called from a thread of the pool.
    var collectFollowers: @Sendable () -> [InfoFields.Replica] { get }
    var identifier: Int { get }
    var remoteAddress: String { get }
    /// As CLIENT SETNAME has set it.
    var clientName: String { get set }
    /// READONLY has been said.
    var acceptsReplicaReads: Bool { get set }
    /// Milliseconds since 1970.
    var now: UInt64 { get }

    /// Ends the connection when what is due has been sent.
    func closeAfterReplies()

    /// The command stays in the input and is evaluated anew when the store says so.
    func park()

    /// Runs `work` on the thread pool while later commands of the connection wait.
    /// - Parameters:
    ///   - usesStore: keep the shard's files open meanwhile.
    ///   - finish: back on the loop; writes the reply.
    func runOnPool<T: Sendable>(
        usesStore: Bool,
        _ work: @escaping @Sendable () -> T,
        _ finish: @escaping (inout Reply, T) -> Void
    )

    /// Answers, with how many they are, when so many replicas have what the connection has written.
    /// - Parameter timeout: milliseconds; 0: none.
    func awaitReplicas(_ count: Int, timeout: Int64)
}
