/// Whether a write may be queued now.
package enum WriteAdmission {
    case admitted
    /// Too much is unapplied: stop reading this connection until `StoreSignal.room`.
    case wait
    case refused(StorageError)
}

extension ShardStore {
    /// Asks before a command that writes up to `bytes` is evaluated. Lock held.
    @inline(__always)
    package func admit(bytes: Int, port: StorePort) -> WriteAdmission {
        if failure == nil, isLeader, !isClosing, applierTrouble == nil, hold == .none, quorum.hasEnoughMembers,
            unappliedBytes + open.length + bytes <= options.unappliedBytesMax, open.length + bytes < 1 << 20,
            log.hasRoom(for: open.length + bytes + LogBatch.headerBytes + 8)
        {
            return .admitted
        }
        return admitSlowly(bytes: bytes, port: port)
    }

    private func admitSlowly(bytes: Int, port: StorePort) -> WriteAdmission {
        if let failure { return .refused(failure) }
        if hold != .none, !isClosing {
            port.waitsForRoom = true
            return .wait
        }
        guard isLeader, !isClosing else {
            return .refused(StorageError(.notLeader, "this node does not take writes now; ask again"))
        }
        guard quorum.hasEnoughMembers else { return .refused(quorum.tooFewMembers) }
        guard log.hasRoom(for: open.length + bytes + LogBatch.headerBytes + 8) else {
            return .refused(
                StorageError(
                    .diskFull,
                    "no space left for the commit log: free space on the disk, writes go on by themselves"
                )
            )
        }
        let isFull = unappliedBytes + open.length + bytes > options.unappliedBytesMax
        if isFull, let applierTrouble { return .refused(applierTrouble) }
        // A value larger than the whole bound must still get through when nothing else is waiting.
        if (isFull && unappliedBytes + open.count > 0)
            || (open.length + bytes > StorageLimits.batchBytesSoftMax && !open.isEmpty)
        {
            port.waitsForRoom = true
            if unappliedBytes > 0 {
                flushRequested = true
                lock.signalWork()
            }
            return .wait
        }
        return .admitted
    }

    /// A batch on this disk usually waits a fraction of this for replicas. One that waits longer may be about to lose one
    /// of them, and what asks for acknowledgements does not queue up behind it.
    private static let replicaPatience: UInt64 = 100_000_000

    /// Asks, beside `admit(bytes:port:)`, before a write is evaluated that wants an in-sync set of `count` members, this
    /// one included. The set may still shrink before the write is committed: `StoreSignal.committed` tells. Lock held.
    package func admit(acknowledgements count: Int, port: StorePort) -> WriteAdmission {
        guard quorum.members >= count else {
            let members = CommitQuorum.counted(quorum.members)
            return .refused(StorageError(.tooFewInSync, "the in-sync set has \(members), acks asks for \(count)"))
        }
        if inFlightIsDurable, Clock.monotonicNanoseconds() - inFlightDurableAt > ShardStore.replicaPatience {
            port.waitsForRoom = true
            return .wait
        }
        return .admitted
    }

    /// Queues a put. Lock held, after `admit`.
    /// - Returns: the number of the batch the reply must wait for.
    @inline(__always)
    @discardableResult
    package func put(
        slot: UInt16,
        key: UnsafeRawBufferPointer,
        value: UnsafeRawBufferPointer,
        expiry: UInt64,
        port: StorePort
    ) -> UInt64 {
        open.append(LogRecord(kind: .put, slot: slot, expiry: expiry, key: key, value: value))
        return awaitOpenBatch(port)
    }

    /// Queues a delete. Lock held, after `admit`.
    @discardableResult
    package func delete(slot: UInt16, key: UnsafeRawBufferPointer, port: StorePort) -> UInt64 {
        open.append(LogRecord(kind: .delete, slot: slot, key: key))
        return awaitOpenBatch(port)
    }

    /// The version (sequence) that the last queued record will have. Lock held.
    package var lastQueuedVersion: UInt64 { lastSequence + UInt64(open.count) }

    /// Says that this loop waits for what is in flight now: a conditional command that changed nothing answers only
    /// when the writes it looked at are durable. Lock held.
    /// - Returns: the number of the newest batch that is not visible yet, or nil if there is none.
    package func awaitPending(_ port: StorePort) -> UInt64? {
        if !open.isEmpty { return awaitOpenBatch(port) }
        guard inFlight != nil else { return nil }
        port.waitsForBatch = max(port.waitsForBatch, openNumber - 1)
        return openNumber - 1
    }

    /// Whether somebody must call `commit` at the end of this tick. Lock held.
    package var needsCommit: Bool { !open.isEmpty && !isCommitting && inFlight == nil }

    @inline(__always)
    func awaitOpenBatch(_ port: StorePort) -> UInt64 {
        port.waitsForBatch = openNumber
        return openNumber
    }
}
