/// What a node's health is judged by.
package struct NodeFacts: Sendable {
    /// Something that keeps the node from writing.
    package struct Fault: Sendable {
        package enum Kind: Sendable { case log, engine, damage, noRoom, other }
        package var kind: Kind
        /// In words.
        package var text: String

        package init(_ kind: Kind, _ text: String) {
            self.kind = kind
            self.text = text
        }
    }

    package var address: String
    package var shard: String
    package var role: NodeStatus.Role
    package var state: NodeStatus.State
    /// Why it is in that state.
    package var message: String
    /// Whether it knows a leader of its shard; nil while it can't know.
    package var hasLeader: Bool?
    /// Why it can't become the leader itself although there is none.
    package var noLeaderReason: String?
    package var inSync = false
    package var lagMilliseconds = 0
    /// It takes no writes until its shard is opened again, which it does by itself.
    package var failure: Fault?
    /// Its engine can't take what the log has.
    package var engineError: Fault?
    /// Some of the engine's contents are not what was written.
    package var damage: Fault?
    /// There will be no room when the log's segment is full.
    package var roomFailure: Fault?
    /// A leader that refuses writes since the in-sync set is too small.
    package var tooFewInSync: String?
    /// The coordinator does not answer.
    package var coordinatorError: String?
    /// Another coordinator answers than the one that the data folder belongs to.
    package var coordinatorChange: String?
    /// On the disk of its data folder; nil where that can't be asked.
    package var bytesFree: UInt64?
    package var folder = ""
    /// Files and connections that the process has open, and how many it may have.
    package var files: (open: Int, limit: Int)?
    /// Clients that are connected, and how many there is room for.
    package var clients: (connected: Int, max: Int)?
    /// Age of the oldest view of the engine that is being read in.
    package var oldestViewSeconds = 0
    /// The cluster's last reshard, if it failed or is paused.
    package var reshard: (isPaused: Bool, reason: String)?

    package init(
        address: String,
        shard: String,
        role: NodeStatus.Role,
        state: NodeStatus.State,
        message: String
    ) {
        self.address = address
        self.shard = shard
        self.role = role
        self.state = state
        self.message = message
    }

    /// As far as a status document tells.
    package init(_ status: NodeStatus) {
        self.init(
            address: status.address,
            shard: status.shard,
            role: status.role,
            state: status.state,
            message: status.message
        )
        hasLeader = status.leadership.map { !$0.leader.isEmpty }
        inSync = status.inSync
        lagMilliseconds = status.lag.milliseconds
        if status.role == .leader, !status.message.isEmpty { roomFailure = Fault(.other, status.message) }
    }
}
