import Coordination
import Logging
import Replication
import Server
import Storage
import Synchronization

/// The notice that is to be published, and whether one is on its way: only the newest counts.
struct NoticeOutbox {
    var wanted: MemberNotice?
    var isSending = false
}

/// Calls to the coordinator: each in a task of `calls`, so that a slow one holds up no other, and neither a client's command
/// nor a stop holds up one of them. Their answers are events on the control loop.
extension LeadershipDriver {
    func call(_ action: LeadershipMachine.Action) {
        switch action {
        case .openSession: calls.begin { [weak self] in await self?.openSession() }
        case .renewSession(let id): calls.begin { [weak self] in await self?.renewSession(id) }
        case .endSession(let id):
            let ended = Answer<Void>()
            waiters.withLock { $0.ended = ended }
            calls.begin { [coordinator, logger] in
                do throws(CoordinationError) {
                    try await coordinator.endSession(id)
                } catch {
                    logger.info("the session ends by itself", metadata: ["reason": "\(error.message)"])
                }
                ended.give()
            }
        case .publish(let notice): publish(notice)
        case .propose(let proposal): calls.begin { [weak self] in await self?.propose(proposal) }
        case .readCoordinator: calls.begin { [weak self] in await self?.read() }
        default: break
        }
    }

    private func openSession() async {
        do throws(CoordinationError) {
            let session = try await coordinator.openSession(holder: member, ttl: lease.ttl)
            tell(.sessionGranted(id: session.id, sentAt: session.sentAt))
        } catch {
            tell(.sessionFailed(reason: error.message))
        }
    }

    private func renewSession(_ id: String) async {
        do throws(CoordinationError) {
            let session = try await coordinator.renewSession(id)
            tell(.sessionRenewed(id: id, sentAt: session.sentAt))
        } catch {
            tell(error.code == .sessionEnded ? .sessionEnded(id: id) : .sessionFailed(reason: error.message))
        }
    }

    private func propose(_ proposal: ShardProposal) async {
        do throws(CoordinationError) {
            let result = try await coordinator.propose(proposal)
            tell(.proposed(number: proposal.number, result.outcome))
        } catch {
            // Surely not written, but the machine's next attempt tells as well.
            logger.warning("a proposal failed", metadata: ["reason": "\(error.message)"])
            tell(.proposed(number: proposal.number, .unknown))
        }
    }

    private func read() async {
        do throws(CoordinationError) {
            let record = try await coordinator.shard(shard)
            let notices = try await coordinator.notices(of: shard)
            tell(.recordSeen(record))
            tell(.noticesSeen(notices))
        } catch {
            // The watch tells the same, later.
            logger.info("the coordinator can't be read", metadata: ["reason": "\(error.message)"])
        }
    }

    private func publish(_ notice: MemberNotice) {
        let begins = notices.withLock { box in
            box.wanted = notice
            if box.isSending { return false }
            box.isSending = true
            return true
        }
        if begins { calls.begin { [weak self] in await self?.sendNotices() } }
    }

    private func sendNotices() async {
        while let notice = nextNotice() {
            do throws(CoordinationError) {
                try await coordinator.publish(notice)
            } catch {
                if error.code == .sessionEnded {
                    tell(.sessionEnded(id: notice.session))
                } else {
                    notices.withLock { box in if box.wanted == nil { box.wanted = notice } }
                    // The pause between attempts of a bounded call. Cancelled: the node is gone, and its notices with it.
                    guard (try? await Task.sleep(for: .milliseconds(LeadershipLimits.retryPause))) != nil else {
                        return
                    }
                }
            }
        }
    }

    private func nextNotice() -> MemberNotice? {
        notices.withLock { box in
            defer { box.wanted = nil }
            if box.wanted == nil || isClosed { box.isSending = false }
            return isClosed ? nil : box.wanted
        }
    }
}
