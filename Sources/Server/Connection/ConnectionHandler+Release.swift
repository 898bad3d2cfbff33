import Model
import NIOCore
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
            if let first = queue.marks.first, first.number <= number { failHeld(number, error, outcomeKnown) }
        case .room: break
        case .commitNeeded: break
        }
        if waitsForRoom {
            waitsForRoom = false
            resume()
        }
        isRegisteredWaiting = !queue.marks.isEmpty || waitsForRoom
        return isRegisteredWaiting
    }

    /// Sends the replies of all batches up to `number`, the last record of which is `end`.
    private func release(through number: UInt64, end: UInt64) {
        guard let first = queue.marks.first, first.number <= number else { return }
        let now = Clock.monotonicNanoseconds()
        queue.release(through: number) { mark in
            guard mark.writes > 0 else { return }
            writtenThrough = end
            loop.tally.recordWrites(mark.writes, nanoseconds: now - mark.since)
        }
        if queue.marks.isEmpty {
            flush()
            beginDeferred()
        } else {
            sendPart()
        }
        // The output was full, perhaps: there is room now.
        if input.readableBytes > 0 { resume() }
    }

    private func beginDeferred() {
        guard queue.marks.isEmpty, let begin = deferred else { return }
        deferred = nil
        begin()
        flush()
    }

    /// The commits up to `number` failed. If nothing can reappear, each command is told so; otherwise the outcome is
    /// unknown, and only a closed connection says that (a redirect or an error would make the client repeat an APPEND).
    private func failHeld(_ number: UInt64, _ error: StorageError, _ outcomeKnown: Bool) {
        guard outcomeKnown else { return abandonHeldReplies() }
        if let requests {
            // The first of them is answered, and the connection ends: that says nothing of those after it.
            queue.takeBackHeld(open: &output)
            requests.fail(error)
        } else {
            queue.replaceHeld(through: number, open: &output) { replies, output in
                for _ in 0..<replies { output.writeRESPError(error) }
                loop.counters.errors.add(replies)
            }
            commands?.fail(through: number, error)
        }
        if queue.marks.isEmpty { flush() } else { sendPart() }
        beginDeferred()
    }

    /// The store is gone or has failed: nobody can say what became of these commands.
    func abandonHeldReplies() {
        queue.removeAll()
        deferred = nil
        isClosing = true
        waitsForRoom = false
        output.clear()
        context?.close(promise: nil)
    }
}
