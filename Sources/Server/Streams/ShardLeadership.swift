import Replication

/// What peer streams tell the leadership of their node's shard, and ask of it. Any thread; nothing here blocks.
package protocol ShardLeadership: AnyObject, Sendable {
    /// A follower's stream begins.
    /// - Parameter term: the term of the `LeaderFollowerMachine` that serves it.
    /// - Returns: the stream's number in later events.
    func attach(_ stream: any FollowerStream, member: Member, term: UInt64) -> UInt64
    func handle(_ event: LeadershipMachine.Event)
    /// Leadership was taken and its term is being begun, or has begun.
    var isAboutToLead: Bool { get }
    /// Answers the wait as soon as enough replicas have what it asks for, perhaps before this returns. With nil when this
    /// node doesn't lead (any more).
    func begin(_ wait: ReplicaWait)
    /// Answers the wait now, with what has been reached. Nothing if it has been answered.
    func end(_ wait: ReplicaWait)
}

/// The leader's end of a follower's connection, as leadership sees it. Any thread.
package protocol FollowerStream: AnyObject, Sendable {
    /// The follower is out of the in-sync set: its contents may be replaced.
    func allowSnapshot()
    /// Tells the follower who leads now.
    func tell(_ record: SeenRecord)
}
