/// Bounds and periods of coordination, each with its reason.
package enum CoordinationLimits {
    /// Bytes of a key below the cluster's prefix: LMDB takes 511, less the table's own letter and a reserve.
    package static let keyBytesMax = 480
    /// Bytes of a value: etcd takes requests of 1.5 MiB, and base64 adds a third.
    package static let valueBytesMax = 1 << 20
    /// Compares and operations of a transaction, each: etcd's own limit is 128.
    package static let transactionMax = 64
    /// Bytes of an answer; all records of 16,384 shards are about 10 MiB.
    package static let answerBytesMax = 64 << 20
    /// Milliseconds a call may take where the caller doesn't say: below any lease.
    package static let timeout: Duration = .milliseconds(1_500)
    /// Leases below this are not to be had of etcd 3.4.
    package static let leaseMillisecondsMin: UInt64 = 2_000
    /// A lease longer than this is a typing mistake (config.yaml allows less).
    package static let leaseMillisecondsMax: UInt64 = 3_600_000
    /// Calls that wait for the local file's lock in one process; each node has a handful under way.
    package static let queuedCallsMax = 1_024
}
