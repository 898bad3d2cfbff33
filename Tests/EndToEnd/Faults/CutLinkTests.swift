import Glibc
import Testing

extension EndToEndSuite.Faults {
    /// Item 2: links cut in each direction. Never two writers: clients ask every member directly all the time, too, and a
    /// write that two leaders' histories had would be lost or doubled in the end.
    @Suite struct CutLinkTests {
        /// What is cut, and what has to come of it before it is healed.
        private struct Cut: Sendable {
            enum Outcome: Sendable {
                /// The leader takes everybody else out of the in-sync set and goes on alone.
                case leadsAlone
                /// Another leads.
                case another
                /// Clients do not know what became of what they asked for.
                case unknownToClients
            }

            var name: String
            var isolation: TestCluster.Isolation
            var outcome: Outcome
        }

        private static let both: Set<TestCluster.Isolation.Way> = [.incoming, .outgoing]

        /// Of the leader, which reaches the coordinator.
        private static let ofPeersAndClients = [
            Cut(name: "acknowledgements", isolation: .init(peers: [.incoming]), outcome: .leadsAlone),
            Cut(name: "the log", isolation: .init(peers: [.outgoing]), outcome: .leadsAlone),
            Cut(name: "requests", isolation: .init(clients: [.incoming]), outcome: .unknownToClients),
            Cut(name: "answers", isolation: .init(clients: [.outgoing]), outcome: .unknownToClients),
            Cut(name: "peers and clients", isolation: .init(peers: both, clients: both), outcome: .leadsAlone),
        ]

        /// Of the leader, which is then to lose the lead.
        private static let ofCoordinator = [
            Cut(name: "from etcd", isolation: .init(coordinator: [.incoming]), outcome: .another),
            Cut(name: "to etcd", isolation: .init(coordinator: [.outgoing]), outcome: .another),
            Cut(name: "peers and etcd", isolation: .init(peers: both, coordinator: both), outcome: .another),
            Cut(name: "all of it", isolation: .init(peers: both, clients: both, coordinator: both), outcome: .another),
        ]

        private func plan(_ coordinator: Coordinator) -> [Cut] {
            let kinds =
                coordinator == .local ? Self.ofPeersAndClients : Self.ofCoordinator + Self.ofPeersAndClients
            if Faults.isLong { return (0..<20).map { kinds[$0 % kinds.count] } }
            return coordinator == .local ? Array(kinds.prefix(3)) : [kinds[0], kinds[2]]
        }

        @Test(arguments: Coordinator.allCases) func thereAreNeverTwoWriters(coordinator: Coordinator) async throws {
            let options = try await Faults.options(coordinator, isBehindProxies: true)
            let cluster = try await Faults.cluster(Faults.nineNodes, options)
            let load = try AuditLoad(cluster)
            let running = Task { await load.run() }
            let plan = plan(coordinator)
            for (number, cut) in plan.enumerated() {
                let before = load.acknowledged
                #expect(try await Poll.until { load.acknowledged > before + 100 }, "nobody writes")
                let shard = number % cluster.shardCount
                let leader = try await cluster.leader(of: shard)
                let watch = LeaderWatch(cluster, shard)
                let unknown = load.unknown(on: shard)
                cluster.isolate(leader, cut.isolation)
                let isDone = try await Poll.until(within: .seconds(40)) {
                    try await watch.look()
                    return switch cut.outcome {
                    case .leadsAlone: watch.inSyncCount(of: leader) == 1
                    case .another: watch.newest.map { $0 != "\(leader.address)" } ?? false
                    case .unknownToClients: load.unknown(on: shard) > unknown + 3
                    }
                }
                #expect(isDone, "cut \(cut.name): \(watch.statuses)")
                cluster.heal()
                try await cluster.waitUntilInSync()
            }
            try await Faults.judge(load, running, cluster, "links cut, \(coordinator)", "\(plan.count) cuts")
            try await cluster.signalAll(SIGTERM)
        }
    }
}
