import Model
import Replication
import Routing

/// What the coordinator says that matters to resharding, all as of one revision of it: never a newer map beside an older
/// record. Take it after a whole batch of a watch, or out of one transaction.
package struct CoordinatorSnapshot: Sendable {
    package var map: SlotMap
    package var mapRevision: UInt64
    /// By shard.
    package var records: [String: SeenRecord]
    /// nil while there is none. One that can't be read counts as unchanged.
    package var job: ReshardJob?
    package var jobRevision: UInt64

    package init(
        map: SlotMap,
        mapRevision: UInt64,
        records: [String: SeenRecord],
        job: ReshardJob?,
        jobRevision: UInt64
    ) {
        self.map = map
        self.mapRevision = mapRevision
        self.records = records
        self.job = job
        self.jobRevision = jobRevision
    }

    func record(of shard: String) -> ShardRecord? { records[shard]?.record }

    /// The revision to compare; 0 for a record that never was.
    func revision(of shard: String) -> UInt64 { records[shard]?.revision ?? 0 }

    /// Takes what is newer. Two snapshots of one coordinator are as of two revisions, so all that differs is newer in one.
    package mutating func adopt(_ other: CoordinatorSnapshot) {
        if other.mapRevision > mapRevision { (map, mapRevision) = (other.map, other.mapRevision) }
        if other.jobRevision > jobRevision { (job, jobRevision) = (other.job, other.jobRevision) }
        for (shard, seen) in other.records where seen.revision > revision(of: shard) { records[shard] = seen }
    }
}

/// A transaction at the coordinator: everything named is compared by revision, and only then the map (and the job) are
/// written. Nothing of it is done otherwise.
package struct ReshardProposal: Hashable, Sendable {
    /// Names it in its outcome; rises within a term.
    package var number: UInt64
    package var map: SlotMap
    package var mapRevision: UInt64
    /// Shards' records, by name. 0: there must be none.
    package var records: [String: UInt64]
    /// The document `ReshardJob.documentName`.
    package var jobRevision: UInt64
    /// The document's next state; nil: it is compared only.
    package var job: ReshardJob?

    package init(
        number: UInt64,
        map: SlotMap,
        mapRevision: UInt64,
        records: [String: UInt64],
        jobRevision: UInt64,
        job: ReshardJob?
    ) {
        self.number = number
        self.map = map
        self.mapRevision = mapRevision
        self.records = records
        self.jobRevision = jobRevision
        self.job = job
    }
}

/// What became of a proposal.
package enum ReshardOutcome: Sendable {
    /// All of it is written, at this revision.
    case committed(revision: UInt64)
    /// A comparison failed; what the transaction read instead (the rest as last seen). It can't be written any more.
    case conflict(CoordinatorSnapshot)
    /// No answer: it may be written, now or later.
    case unknown
}
