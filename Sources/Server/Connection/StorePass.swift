import Storage

/// How one pass over a connection's input uses the store: reads run without its lock, and are evaluated anew if what they
/// went by has changed until they were done; from the first write on, the lock is held to the end of the pass.
struct StorePass {
    /// Commands without the lock, and where the first of them stands.
    struct Run {
        var epoch: UInt64 = 0
        /// Of the first command in the input.
        var offset = 0
        /// Of its reply in the output.
        var output = 0
        /// Commands of the pass before it, and reads among them.
        var executed = 0
        var reads = 0
        /// Replies after the newest mark of the queue: reads set none.
        var replies = 0
    }

    let store: ShardStore?
    /// nil while the shard is not open here.
    var session: ShardSession?
    private(set) var isLocked = false
    /// Something was queued; the loop commits at the end of its tick.
    private(set) var needsCommit = false
    private(set) var run = Run()
    private var isRunning = false
    private var voids = 0
    /// Runs that may be void before the rest of the pass is read under the lock: then nothing can change meanwhile.
    private static let voidsMax = 3

    init(_ store: ShardStore?, _ session: ShardSession?) {
        self.store = store
        self.session = session
    }

    /// Whether reads, too, have to wait for the lock.
    var locksReads: Bool { voids >= StorePass.voidsMax }

    @inline(__always)
    mutating func begin(_ next: @autoclosure () -> Run) {
        guard !isLocked, !isRunning else { return }
        isRunning = true
        run = next()
        run.epoch = store?.readEpoch ?? 0
    }

    /// Takes the lock, which is held until `end` or `settle`.
    /// - Parameter reads: of the pass so far.
    /// - Returns: false if the run before it is void.
    mutating func lock(reads: Int) -> Bool {
        guard settle(reads: reads) else { return false }
        store?.lock.lock()
        isLocked = store != nil
        session?.isLocked = isLocked
        return true
    }

    /// Ends the run, or the hold of the lock.
    /// - Returns: false if the run is void: its commands have to be evaluated anew, from `run` on.
    mutating func settle(reads: Int) -> Bool {
        if let store, let session { store.leave(session.port) }
        if isLocked, let store {
            needsCommit = needsCommit || store.needsCommit
            store.lock.unlock()
            isLocked = false
            session?.isLocked = false
            return true
        }
        guard isRunning else { return true }
        isRunning = false
        guard reads != run.reads, let store, store.readEpoch != run.epoch else { return true }
        voids += 1
        return false
    }
}
