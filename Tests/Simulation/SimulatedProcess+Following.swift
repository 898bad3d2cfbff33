import Replication
import Storage

/// The drivers of `FollowerMachine` and of a replica's storage.
extension SimulatedProcess {
    func startFollowing(_ member: Member, _ term: UInt64) {
        following = member
        guard !hasFailed else { return }
        if follower != nil { return follow(.follow(term: term)) }
        let disk = node.disk
        let needsSnapshot = disk.isIncomplete
        follower = FollowerMachine(
            identity: .init(
                cluster: "c",
                shard: "s\(node.shard)",
                folder: disk.id,
                address: node.address,
                boot: node.member.boot
            ),
            disk: .init(
                terms: disk.terms,
                commitSequence: needsSnapshot ? 0 : store.commitPosition.sequence,
                appliedSequence: needsSnapshot ? 0 : store.commitPosition.sequence,
                needsSnapshot: needsSnapshot
            ),
            now: clock,
            planted: cluster.options.planted
        )
        follow(.follow(term: term))
    }

    func stopFollowing() {
        follower = nil
        following = nil
        jobs = []
        followerConnection?.closeByFollower()
        followerConnection = nil
    }

    func follow(_ event: FollowerMachine.Event) {
        guard isAlive, follower != nil else { return }
        for action in follower?.handle(event, now: clock) ?? [] { execute(action) }
        runJobs()
    }

    private func execute(_ action: FollowerMachine.Action) {
        switch action {
        case .connect(let link): connect(link)
        case .greet(let hello): followerConnection?.sendToLeader(.hello(hello))
        case .send(let frame): followerConnection?.sendToLeader(.frame(frame))
        case .append(let batch): jobs.append(.append(batch))
        case .advanceCommit(let sequence): jobs.append(.advanceCommit(sequence))
        case .truncate(let position): jobs.append(.truncate(position))
        case .beginSnapshot: jobs.append(.beginSnapshot)
        case .installChunk(let chunk): jobs.append(.installChunk(chunk))
        case .finishSnapshot(let position, _): jobs.append(.finishSnapshot(position))
        case .leaderChanged(let seen): lead(.recordSeen(seen))
        case .report: break
        case .disconnect:
            followerConnection?.closeByFollower()
            followerConnection = nil
        case .fail(let reason):
            hasFailed = true
            lead(.storeFailed(reason: reason))
        }
    }

    private func connect(_ link: UInt64) {
        followerConnection?.closeByFollower()
        followerConnection = nil
        guard let target = cluster.nodes.first(where: { $0.address == following?.address }) else { return }
        let delay = cluster.latency(node.index, target.index)
        after(delay) { [self] in
            guard follower != nil, !cluster.isCut(node.index, target.index), !cluster.isCut(target.index, node.index)
            else { return }
            guard let leader = target.process else {
                return follow(.disconnected(link: link, reason: "\(target.address) refused"))
            }
            let connection = Connection(cluster: cluster, follower: self, leader: leader, link: link)
            followerConnection?.closeByFollower()
            followerConnection = connection
            cluster.connections.append(connection)
            follow(.connected(link: link))
        }
    }

    func followerReceived(_ connection: Connection, _ payload: Connection.Payload) {
        guard followerConnection === connection else { return }
        let link = connection.followerLink
        switch payload {
        case .accepted: follow(.helloAccepted(link: link))
        case .frame(let frame): follow(.frame(link: link, frame))
        case .refused(let reason): follow(.disconnected(link: link, reason: reason))
        case .closed: followerClosed(connection)
        case .hello: break
        }
    }

    func followerClosed(_ connection: Connection) {
        guard followerConnection === connection else { return }
        followerConnection = nil
        follow(.disconnected(link: connection.followerLink, reason: "closed"))
    }

    // MARK: Storage: one job after the other, consecutive appends with one sync

    private func runJobs() {
        guard !isStoring, !store.isCommitting, !jobs.isEmpty, follower != nil else { return }
        isStoring = true
        var last: Position?
        while case .append(let batch)? = jobs.first {
            jobs.removeFirst()
            guard !node.isDiskFull else { return storageFailed() }
            guard node.disk.append(batch) else {
                return truth.fail("\(name) got \(batch.end) after \(node.disk.terms.end)")
            }
            last = batch.end
        }
        if let last { return afterSync { self.synced(last) } }
        let job = jobs.removeFirst()
        after(cluster.random.pick(5...50)) { self.finish(job) }
    }

    private func storageFailed() {
        isStoring = false
        jobs = []
        follow(.storageFailed("no space left"))
    }

    private func synced(_ position: Position) {
        if node.durability == .fsync { node.disk.synced = max(node.disk.synced, position) }
        done(.synced(through: position))
    }

    private func done(_ event: FollowerMachine.Event) {
        isStoring = false
        lead(.durable(through: node.disk.isIncomplete ? .zero : node.disk.terms.end))
        follow(event)
        runJobs()
        becameIdle()
    }

    private func finish(_ job: StorageJob) {
        switch job {
        case .append: break
        case .advanceCommit(let sequence):
            store.publish(through: sequence)
            done(.applied(sequence: store.commitPosition.sequence))
        case .truncate(let position):
            if position < store.commitPosition { truth.fail("\(name) cuts \(position), below its commit position") }
            node.disk.truncate(after: position.sequence)
            done(.truncated)
        case .beginSnapshot:
            node.disk.empty()
            installing = SimulatedDisk.Engine()
            lead(.contents(blocker: "it takes a snapshot"))
            done(.snapshotBegun)
        case .installChunk(let chunk):
            chunk.withEntries { entries in
                for entry in entries {
                    guard let key = SimulatedBatch.tokens(entry.key).first else { continue }
                    installing.values[key] = SimulatedBatch.tokens(entry.value)
                }
            }
            done(.chunkInstalled(keys: UInt64(chunk.count)))
        case .finishSnapshot(let position):
            node.disk.engine = SimulatedDisk.Engine(position: position, values: installing.values)
            node.disk.finishInstall(at: position)
            truth.check(position, "\(name)'s snapshot")
            store.install(node.disk.engine)
            cluster.snapshots += 1
            lead(.contents(blocker: nil))
            done(.snapshotFinished)
        }
    }
}
