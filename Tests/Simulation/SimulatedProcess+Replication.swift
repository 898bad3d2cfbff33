import Model
import Node
import Replication
import Server
import Storage

/// What `OpenShard` does in a node: begins and ends the drivers of replication as leadership says.
extension SimulatedProcess {
    func makeDelegate() -> LeadershipDriver.Delegate {
        LeadershipDriver.Delegate(
            serve: { [weak self] leads, leader in self?.serve(leads, leader) },
            follow: { [weak self] leader, term in self?.follow(leader, term) },
            unfollow: { [weak self] done in self?.unfollow(then: done) },
            termBegins: { [weak self] term in self.map { $0.truth.begin(term: term, by: $0.name) } },
            termEnded: {},
            sayLeaving: { [weak self] in self?.link?.leave() },
            note: { [weak self] _, text in self.map { $0.cluster.trace("\($0.name) \(text)") } }
        )
    }

    // MARK: As a replica

    private func follow(_ leader: Member, _ term: UInt64) {
        following = leader
        guard !isClosing else { return }
        let address = NodeAddress(host: leader.address, port: 1)
        if let link { return link.follow(address, term: term) }
        let link = FollowerLink(
            eventLoop: loop,
            leader: address,
            store: store,
            identity: .init(
                cluster: "c",
                shard: "s\(node.shard)",
                folder: node.disk.id,
                address: node.address,
                boot: node.member.boot
            ),
            needsSnapshot: node.disk.isIncomplete,
            environment: environment,
            logger: host.logger,
            onReport: { [weak self] report in self?.take(report) },
            onLeaderChanged: { [weak self] record in self?.driver.handle(.recordSeen(record)) }
        )
        self.link = link
        link.start()
    }

    private func unfollow(then done: @escaping @Sendable () -> Void) {
        following = nil
        guard let ended = link else { return done() }
        link = nil
        endedLink = ended
        ended.stop(then: done)
    }

    private func take(_ report: FollowerReport) {
        cluster.trace("\(name) replica is \(report.state): \(report.message)")
        if report.state == .failed { hasFailed = true }
    }

    // MARK: As the leader

    /// What `Node` and its event loops do when leadership says how the shard is served.
    private func serve(_ leads: Bool, _ leader: Member?) {
        let wasLeading = store.role.leads
        store.serve(leads, leader)
        if wasLeading, !leads { host.endStreams() }
    }

    var isAboutToLead: Bool { view != nil && driver.isAboutToLead && !isClosing }

    /// Asks the machine. Not from what a driver has called.
    func inspect<T>(_ question: @escaping (borrowing LeadershipMachine, UInt64) -> T) -> T? {
        guard view != nil else { return nil }
        let box = Inspection(question)
        driver.ask { machine, now in box.answer = box.question(machine, now) }
        return box.answer
    }

    private final class Inspection<T>: @unchecked Sendable {
        // Sendable: a simulated cluster, and everything in it, is confined to the one thread that runs it.
        let question: (borrowing LeadershipMachine, UInt64) -> T
        var answer: T?

        init(_ question: @escaping (borrowing LeadershipMachine, UInt64) -> T) { self.question = question }
    }

    func switchOver(to target: String?) {
        // Before it has joined, a node has no shard whose leadership it could hand over.
        guard view != nil else { return }
        driver.switchOver(to: target) { [weak self] failure in
            guard let self else { return }
            if failure == nil { cluster.switchovers += 1 }
            // Other failures may be of a switchover that never held anything, or come with a stop.
            if let failure, failure.contains("did not end in time") { checkRelease(store.heldSince) }
            cluster.trace("\(name) switchover: \(failure ?? "done")")
        }
    }

    /// Leadership stays here: what was held since then goes on.
    private func checkRelease(_ heldSince: UInt64) {
        after(200_000) { [weak self] in
            guard let self, !isStopping, store.isLeader, store.hold != .none, store.heldSince == heldSince else {
                return
            }
            truth.fail("\(name) still holds commands after a hand-over that failed")
        }
    }

    // MARK: The end

    /// A clean stop: leadership is handed over, everything that was opened ends, and then the process.
    func stop() {
        guard !isStopping else { return }
        isStopping = true
        guard view != nil else { return stopJoining() }
        driver.stop { [weak self] in self?.close() }
    }

    /// As `OpenShard.close`.
    private func close() {
        cluster.trace("\(name) stopped")
        cluster.cleanStops += 1
        isClosing = true
        host.endStreams()
        closeView { [weak self] in
            self?.unfollow { [weak self] in self?.endOnceIdle() }
        }
    }

    func endOnceIdle() {
        after(1_000) { [weak self] in
            guard let self else { return }
            guard !store.isCommitting, !store.isInUse else { return endOnceIdle() }
            checkLeftovers()
            node.process = nil
            flush()
            die(sayingSo: true)
        }
    }

    /// Nothing that was opened is left over.
    private func checkLeftovers() {
        let left = [
            ("timers", loop.timers), ("streams", host.peers.count), ("observers of the store", store.observers.count),
            ("pins of the log", store.pins.count), ("snapshots", openContents), ("threads", openQueues),
            ("links", endedLink == nil ? 0 : 1), ("joins", endedJoin == nil ? 0 : 1),
            ("views", endedView == nil ? 0 : 1), ("watches", cluster.coordinator.watches(of: self).count),
        ].filter { $0.1 != 0 }
        guard !left.isEmpty else { return }
        truth.fail("\(name) was stopped and left \(left.map { "\($0.1) \($0.0)" }.joined(separator: ", "))")
    }
}
