import Glibc
import Model
import Server
import Testing

extension EndToEndSuite.Faults {
    /// A shard whose members were all stopped cleanly: the last in-sync set decides who leads, whoever is started first.
    @Suite struct RestartOrderTests {
        private static let orders = [[0, 1, 2], [2, 1, 0], [1, 2, 0], [1, 0, 2], [2, 0, 1], [0, 2, 1]]

        @Test func nothingIsLostInAnyOrder() async throws {
            let cluster = try await Faults.cluster([["lmdb", "rocksdb", "lmdb"]], Faults.options(.local))
            let load = try AuditLoad(cluster)
            let running = Task { await load.run() }
            let orders = Array(Self.orders.prefix(Faults.isLong ? 6 : 3))
            for (round, order) in orders.enumerated() {
                let before = load.acknowledged
                #expect(try await Poll.until { load.acknowledged > before + 100 }, "nobody writes")
                if round % 2 == 0 {
                    try await cluster.signalAll(SIGTERM)
                } else {
                    // The last one is alone in the set then: the others may not lead without it.
                    for index in order { try await cluster.stop(cluster.members[index]) }
                }
                for index in order {
                    let member = cluster.members[index]
                    try cluster.spawn(member)
                    #expect(try await Poll.until { (try? await cluster.status(of: member))?.leadership != nil })
                }
                load.awaitWrites(on: [0])
                try #require(try await load.gap(0) != nil, "no writes after a start in the order \(order)")
                try await cluster.waitUntilInSync()
            }
            try await Faults.judge(load, running, cluster, "all stopped and started", "\(orders.count) orders")
            try await cluster.signalAll(SIGTERM)
        }
    }
}
