/// Who may answer a command on a key, and what becomes of it otherwise: the one place where that is decided, for every
/// protocol. A pure function of what the node knows at that moment.
package struct Admission: Hashable, Sendable {
    /// What is asked for.
    package enum Intent: Hashable, Sendable {
        case write
        /// A read that only the leader may answer.
        case leaderRead
        /// A read that a replica may answer as well, with data of that age in milliseconds at most; nil: of any known age.
        case replicaRead(maxAge: UInt64?)
    }

    package enum Decision: Hashable, Sendable {
        case serve
        /// It is asked again when something of this has changed.
        case park
        /// The leader of the slot's shard is the one to ask.
        case redirect
        /// This node is the leader by all that is known, and its lease has run out.
        case noLeader
        case refuse(Reason)
    }

    /// What a leader's gate says of a slot: what is parked is asked again when what is served changes
    /// (`StoreSignal.room`); of what is redirected the slot map says whose it is.
    package enum Gate: Hashable, Sendable {
        case serve, park, redirect
    }

    /// Why a replica does not answer.
    package enum Reason: Hashable, Sendable {
        /// What it has is no state that the leader ever had.
        case takingCopy
        /// It can't know how old its data is.
        case unknownAge
        case tooOld
    }

    package var isLeader: Bool
    /// It has been made leader, and its term is being begun.
    package var isAboutToLead: Bool
    /// The leader's lease has run out, and nobody holds commands meanwhile.
    package var isLapsed: Bool
    /// The slot is this shard's by the slot map that is known here.
    package var isOwned: Bool
    /// What the leader's gate says of the slot and the intent; nil: there is no gate, and the map decides.
    package var gate: Gate?
    /// Reads of the leader wait: another may be the leader already.
    package var holdsReads: Bool
    /// What a replica has is no state that the leader ever had.
    package var holdsNoState: Bool
    /// By a replica's log the slot is another shard's.
    package var isDisowned: Bool
    /// Of a replica's data, in milliseconds; nil: nobody knows.
    package var age: UInt64?

    package init(
        isLeader: Bool,
        isAboutToLead: Bool = false,
        isLapsed: Bool = false,
        isOwned: Bool = true,
        gate: Gate? = nil,
        holdsReads: Bool = false,
        holdsNoState: Bool = false,
        isDisowned: Bool = false,
        age: UInt64? = nil
    ) {
        self.isLeader = isLeader
        self.isAboutToLead = isAboutToLead
        self.isLapsed = isLapsed
        self.isOwned = isOwned
        self.gate = gate
        self.holdsReads = holdsReads
        self.holdsNoState = holdsNoState
        self.isDisowned = isDisowned
        self.age = age
    }

    @inline(__always)
    package func decide(_ intent: Intent) -> Decision {
        isLeader ? decideAsLeader(intent) : decideAsReplica(intent)
    }

    @inline(__always)
    private func decideAsLeader(_ intent: Intent) -> Decision {
        guard isOwned || gate != nil else { return .redirect }
        if isLapsed { return .noLeader }
        if holdsReads, intent != .write { return .park }
        switch gate {
        case nil, .serve: return .serve
        case .park: return .park
        // The map that is known here is older than what the shard decides by: the next one is waited for.
        case .redirect: return isOwned ? .park : .redirect
        }
    }

    private func decideAsReplica(_ intent: Intent) -> Decision {
        guard isOwned else { return .redirect }
        // Clients are sent here at once, and the loops are told a little later.
        if isAboutToLead { return .park }
        guard case .replicaRead(let maxAge) = intent else { return .redirect }
        if holdsNoState { return .refuse(.takingCopy) }
        guard let age else { return .refuse(.unknownAge) }
        if let maxAge, age > maxAge { return .refuse(.tooOld) }
        // Its leader has given the slot away, or not got it yet, and the map that is known here is of another moment.
        return isDisowned ? .redirect : .serve
    }
}
