import NIOCore
import Storage

/// A WAIT under way: it answers its connection how many replicas have on their disks what that has written. On the
/// connection's loop.
final class WaitCommand {
    /// About ten years, in milliseconds: longer than any wait, and far from where a time in nanoseconds overflows.
    private static let timeoutMax: Int64 = 315_000_000_000

    private let connection: ConnectionHandler
    private let leadership: any ShardLeadership
    private var wait: ReplicaWait?
    /// nil: no time-out.
    private var timer: Scheduled<Void>?

    /// - Parameter timeout: milliseconds; 0: none.
    static func begin(_ replicas: Int, timeout: Int64, for connection: ConnectionHandler) {
        OffLoopWork(connection).begin(usesStore: false) { _ in
            // The store's lock is held here, perhaps, and leadership takes it.
            connection.loop.eventLoop.assumeIsolated().execute {
                guard connection.context != nil else { return }
                guard let leadership = connection.loop.state.leadership else { return answer(nil, connection) }
                WaitCommand(connection, leadership).begin(replicas, timeout)
            }
        }
    }

    private init(_ connection: ConnectionHandler, _ leadership: any ShardLeadership) {
        self.connection = connection
        self.leadership = leadership
    }

    private func begin(_ replicas: Int, _ timeout: Int64) {
        let connection = connection
        let eventLoop = connection.loop.eventLoop
        let wait = ReplicaWait(sequence: connection.writtenThrough, replicas: replicas) { count in
            eventLoop.execute { connection.replicaWait?.finish(count) }
        }
        self.wait = wait
        connection.replicaWait = self
        if timeout > 0 {
            timer = eventLoop.scheduleTask(in: .milliseconds(min(timeout, WaitCommand.timeoutMax))) {
                connection.replicaWait?.end()
            }
        }
        connection.loop.counters.waitsBegun.add(1)
        leadership.begin(wait)
        // A client that has closed its side, and would wait for ever, gets what there is.
        if connection.inputEnded { clientEnded() }
    }

    /// The client has closed its side: without a time-out it would wait for ever.
    func clientEnded() {
        if timer == nil { end() }
    }

    /// Answers with what has been reached: the time is over.
    private func end() {
        if let wait { leadership.end(wait) }
    }

    /// Nobody is left to be answered.
    func giveUp() {
        end()
        forget()
    }

    private func forget() {
        timer?.cancel()
        connection.replicaWait = nil
        connection.loop.counters.waitsEnded.add(1)
    }

    private func finish(_ count: Int?) {
        guard connection.context != nil else { return }
        forget()
        WaitCommand.answer(count, connection)
    }

    /// - Parameter count: nil: this node is not the leader any more.
    private static func answer(_ count: Int?, _ connection: ConnectionHandler) {
        let start = connection.output.writerIndex
        if let count {
            connection.output.writeRESPInteger(Int64(count))
        } else {
            // As Redis does: what the connection has written is another node's matter now.
            connection.output.writeRESPError(
                "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)"
            )
            connection.closeAfterReplies()
        }
        connection.countError(from: start)
        connection.queue.countReply()
        connection.goOn()
    }
}
