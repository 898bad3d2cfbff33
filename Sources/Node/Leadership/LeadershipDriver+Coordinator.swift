import Coordination
import Logging
import NIOCore
import Replication
import Server
import Synchronization

/// The notice that is to be published, and whether one is on its way: only the newest counts.
struct NoticeOutbox {
    var wanted: MemberNotice?
    var isSending = false
    /// The next attempt after a failed one.
    var retry: Scheduled<Void>?
}

/// Calls to the coordinator: each by itself, so that a slow one holds up no other, and neither a client's command nor a stop
/// holds up one of them. Their answers are events on the control loop.
extension LeadershipDriver {
    func call(_ action: LeadershipMachine.Action) {
        switch action {
        case .openSession: openSession()
        case .renewSession(let id): renewSession(id)
        case .endSession(let id): endSession(id)
        case .publish(let notice): publish(notice)
        case .propose(let proposal): propose(proposal)
        case .readCoordinator: read()
        default: break
        }
    }

    private func openSession() {
        coordinator.openSession(holder: member, ttl: lease.ttl) { [weak self] result in
            guard let self else { return }
            switch result {
            case .success(let session): tell(.sessionGranted(id: session.id, sentAt: beginning(of: session)))
            case .failure(let error): tell(.sessionFailed(reason: error.message))
            }
        }
    }

    private func renewSession(_ id: String) {
        coordinator.renewSession(id) { [weak self] result in
            guard let self else { return }
            switch result {
            case .success(let session): tell(.sessionRenewed(id: id, sentAt: beginning(of: session)))
            case .failure(let error) where error.code == .sessionEnded: tell(.sessionEnded(id: id))
            case .failure(let error): tell(.sessionFailed(reason: error.message))
            }
        }
    }

    /// From when on a lease counts: the coordinator counts from later.
    private func beginning(of session: SessionLease) -> UInt64 {
        environment.planted.contains(.leaseFromAnswer) ? environment.clock.boot() : session.sentAt
    }

    private func endSession(_ id: String) {
        let ending = SessionEnding()
        waiters.withLock { $0.ending = ending }
        coordinator.endSession(id) { [logger] result in
            if case .failure(let error) = result {
                logger.info("the session ends by itself", metadata: ["reason": "\(error.message)"])
            }
            ending.end()
        }
    }

    private func propose(_ proposal: ShardProposal) {
        coordinator.propose(proposal) { [weak self] result in
            guard let self else { return }
            switch result {
            case .success(let outcome): tell(.proposed(number: proposal.number, outcome))
            case .failure(let error):
                // Surely not written, but the machine's next attempt tells as well.
                logger.warning("a proposal failed", metadata: ["reason": "\(error.message)"])
                tell(.proposed(number: proposal.number, .unknown))
            }
        }
    }

    private func read() {
        coordinator.read(shard) { [weak self] result in
            guard let self else { return }
            switch result {
            case .success(let (record, notices)):
                tell(.recordSeen(record))
                tell(.noticesSeen(notices))
            case .failure(let error):
                // The watch tells the same, later.
                logger.info("the coordinator can't be read", metadata: ["reason": "\(error.message)"])
            }
        }
    }

    // MARK: Notices

    private func publish(_ notice: MemberNotice) {
        let begins = notices.withLock { box in
            box.wanted = notice
            if box.isSending { return false }
            box.isSending = true
            return true
        }
        if begins { sendNotice() }
    }

    private func sendNotice() {
        guard let notice = nextNotice() else { return }
        coordinator.publish(notice) { [weak self] result in
            guard let self else { return }
            guard case .failure(let error) = result else { return sendNotice() }
            if error.code == .sessionEnded {
                tell(.sessionEnded(id: notice.session))
                return sendNotice()
            }
            // The pause between attempts of a bounded call.
            let retry = control.scheduleTask(in: .milliseconds(Int64(LeadershipLimits.retryPause))) {
                [weak self] () -> Void in
                self?.sendNotice()
            }
            let isOver = notices.withLock { box in
                if box.wanted == nil { box.wanted = notice }
                box.retry = retry
                return isClosed
            }
            if isOver { retry.cancel() }
        }
    }

    /// The driver ends: no further attempt.
    func endNotices() { notices.withLock { $0.retry }?.cancel() }

    private func nextNotice() -> MemberNotice? {
        notices.withLock { box in
            defer { box.wanted = nil }
            if box.wanted == nil || isClosed { box.isSending = false }
            return isClosed ? nil : box.wanted
        }
    }
}
