import Model
import Storage

extension LeaderFollowerMachine {
    /// Asks for more to send, if there is any, the follower has room and nothing is being read already.
    mutating func proceed(_ log: LogState, _ actions: inout [Action]) {
        let room = ReplicationLimits.inFlightBytesMax - inFlight.bytes
        guard !isReading, isWritable, room > 0 else { return }
        switch phase {
        case .streaming:
            guard log.end.sequence > sentEnd.sequence else { return }
            isReading = true
            actions.append(.readLog(after: sentEnd, maxBytes: room))
        case .snapshot(let sending) where !sending.isComplete:
            isReading = true
            actions.append(.sendChunks(maxBytes: room))
        case .snapshot, .waitingForHello, .truncating, .awaitingSnapshot, .openingSnapshot, .closed: break
        }
    }

    mutating func batchesSent(_ end: Position, _ bytes: Int, _ log: LogState) {
        isReading = false
        guard case .streaming = phase, bytes > 0, end.sequence > sentEnd.sequence else { return }
        sentEnd = end
        // An acknowledgement may come before the news that the batches were written.
        if end > acknowledged { inFlight.add(through: end.sequence, bytes: bytes) }
        if let offset = sentOffset { sentOffset = offset + UInt64(bytes) }
        if end == log.end { sentOffset = log.endOffset }
    }

    mutating func begin(_ sending: Sending, _ keys: UInt64, _ bytes: UInt64, _ actions: inout [Action]) {
        guard case .openingSnapshot = phase else { return }
        phase = .snapshot(sending)
        let position = sending.position
        actions.append(.pinLog(after: position.sequence))
        let begin = PeerFrame.SnapshotBegin(position: position, keys: keys, bytes: bytes, engine: identity.engine)
        actions.append(.send(.snapshotBegin(begin)))
    }

    mutating func chunksSent(
        _ keys: UInt64,
        _ bytes: Int,
        _ isLast: Bool,
        _ position: Position?,
        _ owned: SlotOwnership?,
        _ actions: inout [Action]
    ) {
        isReading = false
        guard case .snapshot(var sending) = phase, !sending.isComplete else { return }
        sending.keys += keys
        if keys > 0 { inFlight.add(through: sending.keys, bytes: bytes) }
        sending.isComplete = isLast
        if isLast, let position {
            sending.position = position
            sending.owned = owned
            actions.append(.pinLog(after: position.sequence))
        }
        phase = .snapshot(sending)
        guard isLast else { return }
        actions.append(.send(.snapshotEnd(position: sending.position, keys: sending.keys, owned: sending.owned)))
    }

    /// A heartbeat each period, and at once when records were committed whose batches are sent: they become visible.
    mutating func heartbeatIfDue(_ log: LogState, _ now: UInt64, _ actions: inout [Action]) {
        switch phase {
        case .waitingForHello, .closed: return
        case .truncating, .awaitingSnapshot, .openingSnapshot, .snapshot, .streaming: break
        }
        // Behind a full socket it would say nothing new: bytes under way are a sign of life, too.
        guard isWritable, log.isLeaseValid else { return }
        let isNews = log.commitSequence > sentCommit && !isReading
        guard isNews || lastHeartbeat.map({ now >= $0 + ReplicationLimits.heartbeatPeriod }) ?? true else { return }
        sendHeartbeat(log, now, &actions)
    }

    mutating func sendHeartbeat(_ log: LogState, _ now: UInt64, _ actions: inout [Action]) {
        lastHeartbeat = now
        sentCommit = log.commitSequence
        let beat = PeerFrame.Heartbeat(
            term: identity.term,
            lastSequence: log.end.sequence,
            commitSequence: log.commitSequence,
            unsentBytes: unsentBytes(log),
            echo: stamp
        )
        actions.append(.send(.heartbeat(beat)))
    }

    func unsentBytes(_ log: LogState) -> UInt64 {
        guard log.end.sequence > sentEnd.sequence else { return 0 }
        if let offset = sentOffset { return log.endOffset > offset ? log.endOffset - offset : 0 }
        let average = Double(log.endOffset) / Double(max(1, log.end.sequence))
        return UInt64(average * Double(log.end.sequence - sentEnd.sequence))
    }
}
