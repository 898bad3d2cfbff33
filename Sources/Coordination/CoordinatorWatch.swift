import Synchronization

/// The changes below a prefix, for one reader: `for await event in watch`.
///
/// The first event has everything that is there. After that come the changes, without gaps but coalesced: of a key that
/// changed several times since the reader last asked, only the newest state is told, so what waits is bounded by the
/// number of keys. It goes on by itself after lost connections, restarts of the coordinator and compaction, by reading
/// anew and telling the difference. It ends when `cancel` is called, its task is cancelled, or the backend is closed.
package final class CoordinatorWatch: AsyncSequence, Sendable {
    /// One key's newest state.
    package enum Change: Hashable, Sendable {
        case put(CoordinatorEntry)
        case deleted(key: String, revision: UInt64)

        package var key: String {
            switch self {
            case .put(let entry): entry.key
            case .deleted(let key, _): key
            }
        }
    }

    package enum Event: Hashable, Sendable {
        /// In order of key; all of one or more whole transactions. `revision`: everything up to it has been told.
        case changes([Change], revision: UInt64)
        /// Nothing new will be seen until the coordinator answers again, which needs no action. Told once per outage. Its end
        /// is told by `changes`, perhaps without any.
        case interrupted(CoordinationError)
    }

    private struct State {
        /// What the reader has been or will be told: key to revision.
        var known: [String: UInt64] = [:]
        var pending: [String: Change] = [:]
        var pendingRevision: UInt64 = 0
        var hasBegun = false
        var hasNews = false
        var interruption: CoordinationError?
        var isInterrupted = false
        /// The reader was told of an outage, and not yet of its end.
        var hasResumed = false
        var isEnded = false
        var waiter: (@Sendable (Event?) -> Void)?
        var onEnd: (@Sendable () -> Void)?
    }

    package let prefix: String
    private let state = Mutex(State())

    package init(prefix: String) { self.prefix = prefix }

    // MARK: For the reader

    package func makeAsyncIterator() -> Iterator { Iterator(watch: self) }

    package struct Iterator: AsyncIteratorProtocol {
        fileprivate let watch: CoordinatorWatch

        /// The next event; nil when the watch has ended or the task was cancelled. One call at a time.
        package func next() async -> Event? { await watch.next() }
    }

    /// Ends it; the reader gets nil.
    package func cancel() {
        let (waiter, onEnd) = state.withLock { state in
            state.isEnded = true
            defer { (state.waiter, state.onEnd) = (nil, nil) }
            return (state.waiter, state.onEnd)
        }
        waiter?(nil)
        onEnd?()
    }

    /// Asks for the next event. It is given once, as soon as there is one, on whatever thread; nil when the watch has ended.
    /// One question at a time.
    package func next(_ answer: @escaping @Sendable (Event?) -> Void) {
        let (event, isReady) = state.withLock { state -> (Event?, Bool) in
            if state.isEnded { return (nil, true) }
            if let event = Self.take(&state) { return (event, true) }
            precondition(state.waiter == nil, "a coordinator watch has one reader")
            state.waiter = answer
            return (nil, false)
        }
        if isReady { answer(event) }
    }

    private func next() async -> Event? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in next { continuation.resume(returning: $0) } }
        } onCancel: {
            cancel()
        }
    }

    private static func take(_ state: inout State) -> Event? {
        if state.hasNews || state.hasResumed {
            let changes = state.pending.values.sorted { $0.key < $1.key }
            state.pending.removeAll()
            state.hasNews = false
            state.hasResumed = false
            return .changes(changes, revision: state.pendingRevision)
        }
        if let error = state.interruption {
            state.interruption = nil
            return .interrupted(error)
        }
        return nil
    }

    // MARK: For the backend

    /// Called once when the watch ends, on whatever thread; at once if it has.
    package func onEnd(_ body: @escaping @Sendable () -> Void) {
        let isEnded = state.withLock { state in
            if !state.isEnded { state.onEnd = body }
            return state.isEnded
        }
        if isEnded { body() }
    }

    package var isEnded: Bool { state.withLock { $0.isEnded } }

    /// Everything below the prefix as it was at a revision: tells the difference to what is known.
    package func replace(with range: CoordinatorRange) {
        update { state in
            guard range.revision >= state.pendingRevision else { return }
            var gone = state.known
            for entry in range.entries {
                gone[entry.key] = nil
                if state.known[entry.key] != entry.revision { Self.note(.put(entry), entry.revision, &state) }
            }
            for key in gone.keys { Self.note(.deleted(key: key, revision: range.revision), nil, &state) }
            // The first event comes even when nothing is there: the reader learns that it is complete.
            if !state.hasBegun { state.hasNews = true }
            state.hasBegun = true
            state.pendingRevision = range.revision
            Self.endInterruption(&state)
        }
    }

    /// Whole transactions, oldest first; what is not newer than what was told is skipped.
    package func apply(_ changes: [Change], revision: UInt64) {
        update { state in
            for change in changes {
                switch change {
                case .put(let entry):
                    guard entry.revision > state.pendingRevision else { continue }
                    Self.note(change, entry.revision, &state)
                case .deleted(let key, let deletedAt):
                    guard deletedAt > state.pendingRevision, state.known[key] != nil else { continue }
                    Self.note(change, nil, &state)
                }
            }
            state.pendingRevision = Swift.max(state.pendingRevision, revision)
            Self.endInterruption(&state)
        }
    }

    /// The coordinator does not answer; told once until `replace` or `apply`.
    package func interrupt(_ error: CoordinationError) {
        update { state in
            guard !state.isInterrupted else { return }
            state.isInterrupted = true
            state.hasResumed = false
            state.interruption = error
        }
    }

    /// It answers again, with nothing new.
    package func resume() { update { Self.endInterruption(&$0) } }

    private static func endInterruption(_ state: inout State) {
        // Whoever was told of the outage is told of its end as well.
        if state.isInterrupted, state.interruption == nil { state.hasResumed = true }
        state.isInterrupted = false
        state.interruption = nil
    }

    private static func note(_ change: Change, _ revision: UInt64?, _ state: inout State) {
        state.known[change.key] = revision
        state.pending[change.key] = change
        state.hasNews = true
    }

    private func update(_ body: (inout State) -> Void) {
        let (waiter, event) = state.withLock { state -> ((@Sendable (Event?) -> Void)?, Event?) in
            guard !state.isEnded else { return (nil, nil) }
            body(&state)
            guard let waiter = state.waiter, let event = Self.take(&state) else { return (nil, nil) }
            state.waiter = nil
            return (waiter, event)
        }
        waiter?(event)
    }
}
