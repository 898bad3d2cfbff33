import Coordination
import Model
import Node
import Replication
import Resharding

/// What `Node` and `OpenShard` do around the cluster's coordinator: join it, follow it, and check what the view knows.
extension SimulatedProcess {
    func start() {
        let join = ClusterJoin(
            coordinator: SimulatedJoin(process: self),
            as: ClusterIdentity(cluster: "c", coordinator: name),
            firstMap: cluster.firstMap,
            known: node.disk.coordinator,
            eventLoop: loop,
            planted: cluster.options.planted,
            onWait: { [weak self] reason in self.map { $0.cluster.trace("\($0.name) is \(reason)") } },
            onEnd: { [weak self] outcome in self?.joined(outcome) }
        )
        self.join = join
        endedJoin = join
        join.begin()
    }

    private func joined(_ outcome: ClusterJoin.Outcome) {
        join = nil
        switch outcome {
        case .success(let joined):
            let (own, right) = (joined.identity.coordinator, cluster.coordinator.identity?.coordinator)
            if own != right { truth.fail("\(name) joined the coordinator \(own), which is \(right ?? "none yet")") }
            node.disk.coordinator = own
            beginView(joined)
            open()
        case .failure(let error) where error.code == .closed && isStopping:
            isClosing = true
            endOnceIdle()
        case .failure(let error): truth.fail("\(name) may not join: \(error.message)")
        }
    }

    /// A clean stop while it asks, or waits before it asks again.
    func stopJoining() {
        join?.stop()
        if join != nil { truth.fail("\(name) goes on joining although it is stopped") }
    }

    private func beginView(_ joined: JoinedCluster) {
        let view = ClusterView(
            coordinator: SimulatedFollowing(process: self),
            map: joined.map,
            mapRevision: joined.mapRevision,
            records: joined.records,
            shard: "s\(node.shard)",
            eventLoop: loop,
            planted: cluster.options.planted,
            logger: host.logger
        )
        self.view = view
        endedView = view
        view.begin(
            ClusterView.Delegate(
                recordSeen: { [weak self] record in self?.driver.tell(.recordSeen(record)) },
                noticesSeen: { [weak self] notices in self?.driver.tell(.noticesSeen(notices)) },
                snapshotSeen: { [weak self] snapshot in self?.checkSnapshot(revision: snapshot.mapRevision) },
                topologyChanged: {}
            )
        )
    }

    func closeView(then done: @escaping @Sendable () -> Void) {
        guard let view else { return done() }
        view.close { [weak self] in
            self?.view = nil
            done()
        }
    }

    // MARK: What must hold

    /// Whatever the view knows is what was at the coordinator at that revision, and it never goes back.
    func checkView() {
        guard let view, view.revision != checkedRevision else { return }
        let (revision, ledger) = (view.revision, cluster.coordinator.ledger)
        if revision < checkedRevision {
            truth.fail("\(name) went from revision \(checkedRevision) back to \(revision)")
        }
        checkedRevision = revision
        for shard in 0..<cluster.options.shards {
            let shard = "s\(shard)"
            let (record, notices) = (view.record(of: shard), view.notices(of: shard))
            if record != ledger.record(of: shard, at: revision) {
                truth.fail("\(name) has another record of \(shard) than revision \(revision): \(record)")
            }
            if notices != ledger.notices(of: shard, at: revision) {
                let members = notices.map(\.member.id)
                truth.fail("\(name) sees other members of \(shard) than revision \(revision) had: \(members)")
            }
        }
    }

    private func checkSnapshot(revision: UInt64) {
        if revision != cluster.coordinator.ledger.map(at: cluster.coordinator.ledger.revision)?.revision {
            truth.fail("\(name) has the slot map of revision \(revision)")
        }
    }
}
