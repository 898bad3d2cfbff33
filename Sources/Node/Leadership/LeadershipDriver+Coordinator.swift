import Coordination
import Logging
import Replication
import Storage
import Synchronization

/// The notice that is to be published, and whether one is on its way: only the newest counts.
struct NoticeOutbox {
    var wanted: MemberNotice?
    var isSending = false
}

/// Calls to the coordinator: each in a task, so that a slow one holds up no other.
extension LeadershipDriver {
    func call(_ action: LeadershipMachine.Action) {
        switch action {
        case .openSession: Task { await openSession() }
        case .renewSession(let id): Task { await renewSession(id) }
        case .endSession(let id):
            let ended = Latch()
            waiters.withLock { $0.ended = ended }
            Task {
                do throws(CoordinationError) {
                    try await coordinator.endSession(id)
                } catch {
                    logger.info("the session ends by itself", metadata: ["reason": "\(error.message)"])
                }
                ended.open()
            }
        case .publish(let notice): publish(notice)
        case .propose(let proposal): Task { await propose(proposal) }
        case .readCoordinator: Task { await read() }
        default: break
        }
    }

    private func openSession() async {
        do throws(CoordinationError) {
            let session = try await coordinator.openSession(holder: member, ttl: lease.ttl)
            handle(.sessionGranted(id: session.id, sentAt: session.sentAt))
        } catch {
            handle(.sessionFailed(reason: error.message))
        }
    }

    private func renewSession(_ id: String) async {
        do throws(CoordinationError) {
            let session = try await coordinator.renewSession(id)
            handle(.sessionRenewed(id: id, sentAt: session.sentAt))
        } catch {
            handle(error.code == .sessionEnded ? .sessionEnded(id: id) : .sessionFailed(reason: error.message))
        }
    }

    private func propose(_ proposal: ShardProposal) async {
        do throws(CoordinationError) {
            let result = try await coordinator.propose(proposal)
            handle(.proposed(number: proposal.number, result.outcome))
        } catch {
            // Surely not written, but the machine's next attempt tells as well.
            logger.warning("a proposal failed", metadata: ["reason": "\(error.message)"])
            handle(.proposed(number: proposal.number, .unknown))
        }
    }

    private func read() async {
        do throws(CoordinationError) {
            let record = try await coordinator.shard(shard)
            let notices = try await coordinator.notices(of: shard)
            handle(.recordSeen(record))
            handle(.noticesSeen(notices))
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
        if begins { Task { await sendNotices() } }
    }

    private func sendNotices() async {
        while let notice = nextNotice() {
            do throws(CoordinationError) {
                try await coordinator.publish(notice)
            } catch {
                if error.code == .sessionEnded {
                    handle(.sessionEnded(id: notice.session))
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
