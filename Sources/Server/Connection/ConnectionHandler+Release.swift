import NIOCore
import NIOPosix
import Storage

extension ConnectionHandler {
    /// The store's word on what this connection waits for.
    /// - Returns: whether it still waits.
    func handle(_ signal: StoreSignal) -> Bool {
        switch signal {
        case .committed(let number, let end, let members):
            committedMembers = members
            release(through: number, end: end)
        case .failed(let number, let error, let outcomeKnown):
            if let first = marks.first, first.number <= number { failHeld(error, outcomeKnown: outcomeKnown) }
        case .room: break
        case .commitNeeded: break
        }
        if waitsForRoom {
            waitsForRoom = false
            updateReading()
            process()
            flush()
        }
        isRegisteredWaiting = !marks.isEmpty || waitsForRoom
        return isRegisteredWaiting
    }

    /// Sends the replies of all batches up to `number`, the last record of which is `end`.
    private func release(through number: UInt64, end: UInt64) {
        guard let first = marks.first, first.number <= number else { return }
        let now = Clock.monotonicNanoseconds()
        var released = 0
        while released < marks.count, marks[released].number <= number {
            if marks[released].writes > 0 {
                writtenThrough = end
                loop.tally.recordWrites(marks[released].writes, nanoseconds: now - marks[released].since)
            }
            released += 1
        }
        marks.removeFirst(released)
        if let next = marks.first {
            sendPrefix(before: next.offset)
        } else {
            flush()
            beginDeferred()
        }
        // The output was full, perhaps: there is room now.
        if input.readableBytes > 0 {
            updateReading()
            process()
            flush()
        }
    }

    private func beginDeferred() {
        guard marks.isEmpty, let begin = deferred else { return }
        deferred = nil
        begin()
        flush()
    }

    /// Only the part in front of the first remaining mark may go out; offsets of the marks move with it.
    private func sendPrefix(before offset: Int) {
        guard let context, let ready = output.readSlice(length: offset - output.readerIndex) else { return }
        let moved = output.readerIndex
        output.discardReadBytes()
        for index in marks.indices { marks[index].offset -= moved }
        send(ready, context)
    }

    /// The commit failed. If nothing can reappear, each command is told so; otherwise the outcome is unknown, and only
    /// a closed connection says that (a redirect or an error would make the client repeat an APPEND). Over HTTP the
    /// first request is told and the connection ends, which says the same of those after it.
    private func failHeld(_ error: StorageError, outcomeKnown: Bool) {
        guard outcomeKnown, let first = marks.first else { return abandonHeldReplies() }
        commands?.manyKeys?.failure = error
        let replies = marks.reduce(0) { $0 + $1.replies }
        output.moveWriterIndex(to: first.offset)
        if wireProtocol == .http {
            HTTPResponse.writeError(HTTPError(error), .close, into: &output)
            loop.counters.errors.add(1)
            isClosing = true
            // A request that waited to begin elsewhere is one of those after it.
            deferred = nil
            isBlocked = false
        } else {
            for _ in 0..<replies { output.writeRESPError(error) }
            loop.counters.errors.add(replies)
        }
        marks = []
        flush()
        beginDeferred()
    }

    /// The store is gone or has failed: nobody can say what became of these commands.
    func abandonHeldReplies() {
        marks = []
        deferred = nil
        isClosing = true
        waitsForRoom = false
        output.clear()
        context?.close(promise: nil)
    }

    /// Runs `work` on the thread pool while later commands of this connection wait, then continues.
    /// - Parameters:
    ///   - usesStore: keep the files open meanwhile; not for work that may close them.
    ///   - finish: back on the loop; appends the reply.
    func runBlocking<T: Sendable>(
        usesStore: Bool = true,
        _ work: @escaping @Sendable () -> T,
        _ finish: @escaping (ConnectionHandler, T) -> Void
    ) {
        begin(usesStore: usesStore) { [self] endUse in
            let job: @Sendable () -> T = {
                defer { endUse() }
                return work()
            }
            continueAfter(loop.threadPool.runIfActive(eventLoop: loop.eventLoop, job), finish)
        }
    }

    /// At once, or when the writes of this connection that are still held are visible: a DBSIZE counts them. The files
    /// are kept open only from then on: a connection that ends while it waits must not keep a shard from stopping.
    func begin(usesStore: Bool, _ job: @escaping (_ endUse: @escaping @Sendable () -> Void) -> Void) {
        isBlocked = true
        guard marks.isEmpty else {
            deferred = { [self] in begin(usesStore: usesStore, job) }
            return
        }
        let store = usesStore ? loop.state.store : nil
        guard store?.beginUse() ?? true else {
            isBlocked = false
            return closeAfterReplies()
        }
        job { store?.endUse() }
    }

    /// The same for work that waits for other nodes.
    func runTask<T: Sendable>(
        usesStore: Bool = true,
        _ work: @escaping @Sendable () async -> T,
        _ finish: @escaping (ConnectionHandler, T) -> Void
    ) {
        begin(usesStore: usesStore) { [self] endUse in
            let future = loop.eventLoop.makeFutureWithTask {
                let value = await work()
                endUse()
                return value
            }
            continueAfter(future, finish)
        }
    }

    private func continueAfter<T: Sendable>(
        _ future: EventLoopFuture<T>,
        _ finish: @escaping (ConnectionHandler, T) -> Void
    ) {
        future.assumeIsolated().whenComplete { [self] result in
            isBlocked = false
            let start = output.writerIndex
            switch result {
            case .success(let value):
                finish(self, value)
                if wireProtocol == .resp { countError(from: start) }
            // The pool stops only with the process.
            case .failure: isClosing = true
            }
            countReply()
            noteSlowBlocking()
            updateReading()
            process()
            flush()
        }
    }
}
