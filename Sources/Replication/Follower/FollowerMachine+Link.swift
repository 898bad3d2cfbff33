import Model

extension FollowerMachine {
    /// A link that lasted so long was a good one; the next pause is short again.
    private static let goodLink: UInt64 = 1_000

    mutating func handleLink(_ event: Event, _ now: UInt64, _ actions: inout [Action]) {
        switch (event, link) {
        case (.connected, .connecting):
            link = .greeting
            actions.append(.greet(hello))
        case (.helloAccepted, .greeting):
            link = .linked(Session(acceptedAt: now))
            acknowledge(now, &actions)
        case (.frame(_, let frame), .linked(let session)): receive(frame, session, now, &actions)
        default: break
        }
    }

    private var hello: PeerHello {
        PeerHello(
            cluster: identity.cluster,
            shard: identity.shard,
            folder: identity.folder,
            address: identity.address,
            position: needsSnapshot ? .zero : durable,
            commitSequence: needsSnapshot ? 0 : commitSequence,
            needsSnapshot: needsSnapshot,
            term: highestTerm,
            boot: identity.boot,
            coordinator: identity.coordinator
        )
    }

    mutating func tick(_ now: UInt64, _ actions: inout [Action]) {
        switch link {
        case .idle(let retryAt):
            guard now >= retryAt, unansweredActions == 0, needsSnapshot || durable == terms.end else { return }
            linkNumber += 1
            link = .connecting
            lastHeard = now
            actions.append(.connect(link: linkNumber))
        case .connecting, .greeting, .linked:
            guard now >= lastHeard + ReplicationLimits.silenceMax else { return }
            leave("the leader has been silent for \(now - lastHeard) ms", closing: true, now, &actions)
        case .failed: break
        }
    }

    /// When the next attempt to connect is due, so that a driver need not wait for its next tick; nil while linked.
    package var nextTry: UInt64? { if case .idle(let retryAt) = link { retryAt } else { nil } }

    mutating func follow(_ term: UInt64, _ now: UInt64, _ actions: inout [Action]) {
        leave("following the leader of term \(term)", closing: true, now, &actions)
        highestTerm = max(highestTerm, term)
        backoff.reset()
        if case .idle = link { link = .idle(retryAt: now) }
        tick(now, &actions)
    }

    /// Ends the link, from here (`closing`) or because it ended, and plans the next.
    mutating func leave(
        _ reason: String,
        closing: Bool,
        refused: Bool = false,
        _ now: UInt64,
        _ actions: inout [Action]
    ) {
        switch link {
        case .idle, .failed: return
        case .linked(let session):
            if now >= session.acceptedAt + FollowerMachine.goodLink, !refused { backoff.reset() }
        case .connecting, .greeting: break
        }
        link = .idle(retryAt: now + (refused ? backoff.pauseAfterRefusal() : backoff.pause()))
        freshness.forgetPending()
        if closing { actions.append(.disconnect(reason: reason)) }
        say(.disconnected, reason, &actions)
    }

    mutating func fail(_ reason: String, _ actions: inout [Action]) {
        if case .idle = link {} else { actions.append(.disconnect(reason: reason)) }
        link = .failed
        freshness.forgetPending()
        say(.failed, reason, &actions)
        actions.append(.fail(reason: reason))
    }

    mutating func say(_ state: FollowerReport.State, _ message: String, _ actions: inout [Action]) {
        let next = FollowerReport(state: state, message: message)
        guard next != report else { return }
        report = next
        actions.append(.report(next))
    }

    /// Says in words how far a catch-up or a snapshot is; nothing to say while there is no decision.
    mutating func sayProgress(_ actions: inout [Action]) {
        guard case .linked(var session) = link else { return }
        switch session.phase {
        case .undecided: break
        case .truncating: say(.syncing, "cutting a tail of the log that the leader doesn't have", &actions)
        case .installing(let installation):
            let percent = FollowerMachine.percent(installedKeys, of: installation.begin.keys)
            let engine = installation.begin.engine
            say(.syncing, "taking a snapshot from the leader (\(engine)): \(percent) %", &actions)
        case .streaming:
            if let range = session.catchUp, appliedSequence < range.upperBound {
                let done = appliedSequence > range.lowerBound ? appliedSequence - range.lowerBound : 0
                let percent = FollowerMachine.percent(done, of: range.upperBound - range.lowerBound)
                say(.syncing, "catching up with the leader's log: \(percent) %", &actions)
            } else if session.hasHeartbeat {
                session.catchUp = nil
                link = .linked(session)
                say(.running, "", &actions)
            }
        }
    }

    private static func percent(_ part: UInt64, of whole: UInt64) -> UInt64 {
        whole == 0 ? 100 : min(100, UInt64(Double(part) * 100 / Double(whole)))
    }

    mutating func acknowledge(_ now: UInt64, _ actions: inout [Action]) {
        guard case .linked(let session) = link else { return }
        // Until the cut is on the disk the log's end is neither the old one nor the new one; `truncated` says it.
        if case .truncating = session.phase { return }
        let answer = PeerFrame.Acknowledge(
            durable: needsSnapshot ? .zero : durable,
            appliedSequence: appliedSequence,
            installedKeys: installedKeys,
            stamp: now,
            needsSnapshot: needsSnapshot,
            isLeaving: isLeaving
        )
        actions.append(.send(.acknowledge(answer)))
    }
}
