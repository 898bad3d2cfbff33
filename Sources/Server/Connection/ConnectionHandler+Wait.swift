import NIOCore
import Storage

/// WAIT: how many replicas have on their disks what this connection has written.
extension ConnectionHandler {
    struct PendingWait {
        let wait: ReplicaWait
        let leadership: any ShardLeadership
        /// nil: no time-out.
        let timer: Scheduled<Void>?
    }

    /// About ten years, in milliseconds: longer than any wait, and far from where a time in nanoseconds overflows.
    private static let waitMax: Int64 = 315_000_000_000

    func awaitReplicas(_ count: Int, timeout: Int64) {
        begin(usesStore: false) { [self] _ in
            // The store's lock is held here, perhaps, and leadership takes it.
            loop.eventLoop.execute { [self] in waitForReplicas(count, timeout) }
        }
    }

    /// - Parameter timeout: milliseconds; 0: none.
    private func waitForReplicas(_ replicas: Int, _ timeout: Int64) {
        guard context != nil else { return }
        guard let leadership = loop.state.leadership else { return answerWait(nil) }
        let eventLoop = loop.eventLoop
        let wait = ReplicaWait(sequence: writtenThrough, replicas: replicas) { [self] count in
            eventLoop.execute { self.answerWait(count) }
        }
        let timer: Scheduled<Void>? =
            timeout == 0
            ? nil
            : eventLoop.scheduleTask(in: .milliseconds(min(timeout, ConnectionHandler.waitMax))) { self.endWait() }
        replicaWait = PendingWait(wait: wait, leadership: leadership, timer: timer)
        loop.counters.waitsBegun.add(1)
        leadership.begin(wait)
        // A client that has closed its side, and would wait for ever, gets what there is.
        if inputEnded, timer == nil { endWait() }
    }

    /// Answers with what has been reached: the time is over.
    func endWait() {
        if let replicaWait { replicaWait.leadership.end(replicaWait.wait) }
    }

    /// Nobody is left to be answered.
    func giveUpWait() {
        endWait()
        forgetWait()
    }

    private func forgetWait() {
        guard let ended = replicaWait else { return }
        ended.timer?.cancel()
        replicaWait = nil
        loop.counters.waitsEnded.add(1)
    }

    /// - Parameter count: nil: this node is not the leader any more.
    private func answerWait(_ count: Int?) {
        guard context != nil else { return }
        forgetWait()
        isBlocked = false
        let start = output.writerIndex
        if let count {
            output.writeRESPInteger(Int64(count))
        } else {
            // As Redis does: what the connection has written is another node's matter now.
            output.writeRESPError(
                "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)"
            )
            closeAfterReplies()
        }
        countError(from: start)
        countReply()
        updateReading()
        process()
        flush()
    }
}
