import Model
import NIOCore
import NIOPosix
import Storage

/// Work of a connection's command that runs elsewhere, on the thread pool or with other nodes, while its later commands
/// wait. On the connection's loop.
struct OffLoopWork {
    private let connection: ConnectionHandler

    init(_ connection: ConnectionHandler) { self.connection = connection }

    /// Runs `work` on the thread pool while later commands of the connection wait, then continues.
    /// - Parameters:
    ///   - usesStore: keep the files open meanwhile; not for work that may close them.
    ///   - finish: back on the loop; appends the reply.
    func onPool<T: Sendable>(
        usesStore: Bool = true,
        _ work: @escaping @Sendable () -> T,
        _ finish: @escaping (ConnectionHandler, T) -> Void
    ) {
        begin(usesStore: usesStore) { endUse in
            let job: @Sendable () -> T = {
                defer { endUse() }
                return work()
            }
            let loop = connection.loop
            continueAfter(loop.threadPool.runIfActive(eventLoop: loop.eventLoop, job), finish)
        }
    }

    /// The same for work that waits for other nodes.
    func asTask<T: Sendable>(
        usesStore: Bool = true,
        _ work: @escaping @Sendable () async -> T,
        _ finish: @escaping (ConnectionHandler, T) -> Void
    ) {
        begin(usesStore: usesStore) { endUse in
            let future = connection.loop.eventLoop.makeFutureWithTask {
                let value = await work()
                endUse()
                return value
            }
            continueAfter(future, finish)
        }
    }

    /// At once, or when the writes of this connection that are still held are visible: a DBSIZE counts them. The files
    /// are kept open only from then on: a connection that ends while it waits must not keep a shard from stopping.
    func begin(usesStore: Bool, _ job: @escaping (_ endUse: @escaping @Sendable () -> Void) -> Void) {
        connection.isBlocked = true
        guard connection.queue.marks.isEmpty else {
            connection.deferred = { begin(usesStore: usesStore, job) }
            return
        }
        let store = usesStore ? connection.loop.state.store : nil
        guard store?.beginUse() ?? true else {
            connection.isBlocked = false
            return connection.closeAfterReplies()
        }
        job { store?.endUse() }
    }

    private func continueAfter<T: Sendable>(
        _ future: EventLoopFuture<T>,
        _ finish: @escaping (ConnectionHandler, T) -> Void
    ) {
        future.assumeIsolated().whenComplete { result in
            connection.isBlocked = false
            let start = connection.output.writerIndex
            switch result {
            case .success(let value):
                finish(connection, value)
                if connection.wireProtocol == .resp { connection.countError(from: start) }
                if let parts = connection.reply.parts {
                    connection.reply.parts = nil
                    connection.queue.put(parts, open: &connection.output)
                }
            // The pool stops only with the process.
            case .failure: connection.isClosing = true
            }
            connection.queue.countReply()
            noteSlow()
            connection.goOn()
        }
    }

    /// The commands after it have waited.
    private func noteSlow() {
        guard let done = connection.blocking else { return }
        connection.blocking = nil
        connection.loop.metrics.slow.note(Clock.monotonicNanoseconds() - done.since, 1, of: connection) { done.words }
    }
}
