import Replication
import Routing
import Server
import Storage

/// What `OpenShard` does in a node: begins and ends the drivers of replication as leadership says.
extension SimulatedProcess {
    // MARK: As a replica

    func startFollowing(_ leader: Member, _ term: UInt64) {
        following = leader
        guard !hasFailed, !isClosing else { return }
        wantsToFollow = (leader, term)
        becameIdle()
    }

    func stopFollowing() {
        following = nil
        wantsToFollow = nil
        guard let ended = link else { return }
        link = nil
        isUnfollowing = true
        ended.stop { [weak self] in
            self?.isUnfollowing = false
            self?.becameIdle()
        }
    }

    /// Work on the store may have ended that something waits for.
    func becameIdle() {
        guard !store.isCommitting, !isUnfollowing else { return }
        if let next = termToBegin {
            termToBegin = nil
            if leadership.ledTerm == next.term { store.beginTerm(next.term, waits: next.waits) }
        }
        guard let wanted = wantsToFollow, !isClosing else { return }
        wantsToFollow = nil
        let address = NodeAddress(host: wanted.leader.address, port: 1)
        if let link { return link.follow(address, term: wanted.term) }
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
            onLeaderChanged: { [weak self] record in self?.lead(.recordSeen(record)) }
        )
        self.link = link
        link.start()
    }

    private func take(_ report: FollowerReport) {
        cluster.trace("\(name) replica is \(report.state): \(report.message)")
        guard report.state == .failed else { return }
        hasFailed = true
        lead(.storeFailed(reason: report.message))
    }

    // MARK: As the leader

    /// Whether followers are to be served, as soon as the term has begun.
    var isLeading: Bool { leadership.ledTerm != nil && !isClosing }

    /// The term that streams are of; nil until it has begun.
    var termOfStreams: UInt64? { leadership.ledTerm.flatMap { $0 == store.term ? $0 : nil } }

    // MARK: The end

    /// A clean stop: everything that was opened ends, and then the process.
    func close() {
        isClosing = true
        host.endStreams()
        stopFollowing()
        if let observer { store.unobserve(observer) }
        observer = nil
        endOnceIdle()
    }

    private func endOnceIdle() {
        after(1_000) { [weak self] in
            guard let self else { return }
            guard !isUnfollowing, !store.isCommitting, !store.isInUse else { return endOnceIdle() }
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
        ].filter { $0.1 != 0 }
        guard !left.isEmpty else { return }
        truth.fail("\(name) was stopped and left \(left.map { "\($0.1) \($0.0)" }.joined(separator: ", "))")
    }
}

extension SimulatedProcess: ShardLeadership {
    func attach(_ stream: any FollowerStream, member: Member, term: UInt64) -> UInt64 {
        let number = nextStream
        nextStream += 1
        streams[number] = stream
        lead(.followerAttached(link: number, member: member, term: term))
        return number
    }

    func handle(_ event: LeadershipMachine.Event) {
        if case .followerDetached(let number) = event { streams[number] = nil }
        lead(event)
    }

    var isAboutToLead: Bool { leadership.ledTerm != nil }

    func begin(_ wait: ReplicaWait) { wait.answer(nil) }
    func end(_ wait: ReplicaWait) { wait.answer(nil) }
}
