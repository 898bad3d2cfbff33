import Model

/// How a shard's store is kept on one node.
package struct StoreOptions: Sendable {
    package var durability = Durability.fsync
    /// Memory for recently used values beside what is not applied yet.
    package var hotBytesMax = 128 << 20
    /// Memory of committed but unapplied writes; beyond it writers wait.
    package var unappliedBytesMax = 64 << 20
    /// The applier starts at this size, or when the oldest write is `applyAgeMilliseconds` old, or when this much
    /// log would have to be replayed at a start. The longer it waits the more writes of one key become one.
    package var applyBytes = 32 << 20
    package var applyAgeMilliseconds = 2000
    package var applyLogBytes = 256 << 20
    /// Log kept beyond what the engine needs, so that a replica away for a while need not take a snapshot.
    package var logKeepBytes = 128 << 20
    /// RocksDB has no log of its own: flush when this much of ours hangs on its memtables.
    package var engineFlushBytes = 128 << 20
    package var segmentBytes = 64 << 20
    /// `CommitLog.Options.allocate`.
    package var allocateSegment: @Sendable (Int32, Int) -> Int32 = CommitLog.writeZeros
    /// Log that is kept for one copy of slots. A copy that takes longer begins anew: a full disk would stop everybody.
    package var pinnedLogBytesMax: UInt64 = 4 << 30
    package init() {}
}
