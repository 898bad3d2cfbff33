/// Who leads a shard, in which term, and who may lead next: one value at the coordinator. Every change compares all of
/// it, by its revision.
package struct ShardRecord: Hashable, Sendable, Codable {
    package var shard: String
    package var term: UInt64
    /// nil: the last leader stopped cleanly and nobody could take over.
    package var leader: Member?
    /// The session (lease) under which the leader leads; empty without a leader. A session that ended never comes back.
    package var session: String
    /// Whoever a write waits for, the leader included, sorted by id. Only these may lead.
    package private(set) var inSync: [Member]

    package init(shard: String, term: UInt64, leader: Member?, session: String, inSync: [Member]) {
        self.shard = shard
        self.term = term
        self.leader = leader
        self.session = session
        self.inSync = inSync.sorted()
    }

    /// Whether that folder is in the in-sync set as it runs now: whether writes wait for it.
    package func includes(_ member: Member) -> Bool { inSync.contains { $0.key == member.key } }

    /// Whether a folder still has everything it acknowledged as a member: it joined with `fsync`, or its machine has not
    /// been booted since. Whatever durability it runs with now.
    package func vouches(id: String, bootID: String) -> Bool {
        inSync.contains { $0.id == id && ($0.boot == nil || $0.boot == bootID) }
    }

    /// The same record with another in-sync set.
    package func with(inSync members: [Member]) -> ShardRecord {
        ShardRecord(shard: shard, term: term, leader: leader, session: session, inSync: members)
    }
}

/// A shard's record as the coordinator had it at a revision; `record` is nil while there is none.
package struct SeenRecord: Hashable, Sendable, Codable {
    package var record: ShardRecord?
    /// Rises with every change of this record. 0: it never existed.
    package var revision: UInt64

    package init(record: ShardRecord?, revision: UInt64) {
        self.record = record
        self.revision = revision
    }
}

/// A compare-and-swap of a shard's record, in one transaction.
package struct ShardProposal: Hashable, Sendable {
    /// Names the proposal in its outcome; rises.
    package var number: UInt64
    /// The record must still have this revision; 0: there must be none.
    package var expectedRevision: UInt64
    package var record: ShardRecord
    /// Sessions that must exist in the same transaction.
    package var requiredSessions: [String]
    /// A session that must not exist any more.
    package var absentSession: String?

    package init(
        number: UInt64,
        expectedRevision: UInt64,
        record: ShardRecord,
        requiredSessions: [String],
        absentSession: String?
    ) {
        self.number = number
        self.expectedRevision = expectedRevision
        self.record = record
        self.requiredSessions = requiredSessions
        self.absentSession = absentSession
    }
}

/// What became of a proposal.
package enum ProposalOutcome: Hashable, Sendable {
    /// It is the record now, at this revision.
    case committed(revision: UInt64)
    /// It was compared and not written; the record as that same transaction found it. With another revision than the
    /// expected one an earlier attempt may have been written; with the same one a session was not as required.
    case conflict(SeenRecord)
    /// No answer: it may be written, now or later.
    case unknown
}
