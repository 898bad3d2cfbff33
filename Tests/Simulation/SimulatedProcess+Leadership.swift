import Replication
import Server
import Storage

/// The driver of `LeadershipMachine`.
extension SimulatedProcess {
    func lead(_ event: LeadershipMachine.Event) {
        guard isAlive else { return }
        for action in leadership.handle(event, now: clock) { execute(action) }
    }

    private func execute(_ action: LeadershipMachine.Action) {
        switch action {
        case .openSession, .renewSession, .endSession, .publish, .propose, .readCoordinator: callCoordinator(action)
        case .beginTerm(let term, let waits):
            truth.begin(term: term, by: name)
            stopFollowing()
            termToBegin = (term, waits)
            becameIdle()
        case .setWaiting(let waits): store.setWaiting(waits)
        case .setMembers(let count): store.members = count
        case .setCommit(let sequence, _): store.setCommit(sequence)
        case .setLease(let until): store.setLease(until)
        case .setIntake(let intake): store.setIntake(intake)
        case .stepDown(_, let leader):
            termToBegin = nil
            store.stepDown(leader)
            soon { $0.host.endStreams() }
        case .follow(let member, let term): startFollowing(member, term)
        case .allowSnapshot(let number): streams[number]?.allowSnapshot()
        case .tellFollowers(let seen): for number in streams.keys.sorted() { streams[number]?.tell(seen) }
        case .sayLeaving: link?.leave()
        case .note(_, let text): cluster.trace("\(name) \(text)")
        case .switchoverEnded(let failure):
            if failure == nil { cluster.switchovers += 1 }
            cluster.trace("\(name) switchover: \(failure ?? "done")")
        case .stopped:
            cluster.trace("\(name) stopped")
            cluster.cleanStops += 1
            close()
        }
    }

    /// What the store has reached since the last look.
    func lookAtStore() {
        guard isAlive else { return }
        let durable = node.disk.isIncomplete ? .zero : node.durableEnd
        if let end = store.inFlight?.end, end > durable { lead(.appended(through: end)) }
        if durable != toldDurable {
            toldDurable = durable
            lead(.durable(through: durable))
        }
        let blocker = node.disk.isIncomplete ? SimulatedProcess.halfASnapshot : nil
        if blocker != toldBlocker {
            toldBlocker = blocker
            lead(.contents(blocker: blocker))
        }
    }

    // MARK: The coordinator

    private func callCoordinator(_ action: LeadershipMachine.Action) {
        let coordinator = cluster.coordinator
        let sentAt = clock
        switch action {
        case .openSession:
            call({ coordinator.openSession() }) { id in
                guard let id else { return self.lead(.sessionFailed(reason: "no answer")) }
                self.session = id
                self.lead(.sessionGranted(id: id, sentAt: sentAt))
            }
        case .renewSession(let id):
            call({ coordinator.renew(id) }) { isKnown in
                switch isKnown {
                case nil: self.lead(.sessionFailed(reason: "no answer"))
                case true?: self.lead(.sessionRenewed(id: id, sentAt: sentAt))
                case false?: self.lead(.sessionEnded(id: id))
                }
            }
        case .endSession(let id):
            session = nil
            call({ coordinator.end(id) }) { (_: Void?) in }
        case .publish(let notice):
            wantedNotice = notice
            publish(notice)
        case .propose(let proposal):
            call({ coordinator.propose(proposal, shard: self.node.shard) }) { outcome in
                self.lead(.proposed(number: proposal.number, outcome ?? .unknown))
            }
        case .readCoordinator:
            call({ coordinator.view(self.node.shard) }) { view in if let view { self.see(view) } }
        default: break
        }
    }

    private func publish(_ notice: MemberNotice) {
        guard wantedNotice == notice, session == notice.session else { return }
        call({ self.cluster.coordinator.publish(notice, shard: self.node.shard) }) { (done: Void?) in
            if done == nil { self.after(100_000) { self.publish(notice) } }
        }
    }

    func see(_ view: SimulatedCoordinator.View) {
        lead(.recordSeen(view.record))
        guard view.version > lastSeenNotices else { return }
        lastSeenNotices = view.version
        lead(.noticesSeen(view.notices))
    }

    /// One request: lost on the way there, on the way back, or answered; nil after the time-out.
    private func call<T>(_ request: @escaping () -> T, _ answer: @escaping (T?) -> Void) {
        var isDone = false
        func finish(_ value: T?) {
            guard !isDone else { return }
            isDone = true
            answer(value)
        }
        cluster.coordinator.exchange(with: node.index, request) { value in self.run { _ in finish(value) } }
        after(Cluster.coordinatorPatience) { finish(nil) }
    }
}
