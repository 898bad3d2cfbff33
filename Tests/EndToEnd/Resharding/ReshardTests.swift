import FoundationEssentials
import Glibc
import Model
import NIOCore
import Routing
import Server
import TestSupport
import Testing

extension EndToEndSuite {
    /// Issue 4 with real processes: slots move while clients write and read.
    @Suite(.serialized) enum Reshards {
        static let isLong = getenv("SHOAL_RESHARDS") != nil

        struct Change: Sendable, CustomStringConvertible {
            var before: [[String]]
            var added: [[String]] = []
            var removed: [String] = []
            var policy = "fixed"

            var description: String {
                "\(before.count) to \(before.count + added.count - removed.count) shards, \(policy)"
            }
        }

        static let short = [
            Change(before: [["lmdb", "rocksdb"], ["rocksdb", "lmdb"]], added: [["lmdb", "rocksdb"]]),
            Change(before: [["rocksdb"], ["lmdb"]], added: [["rocksdb"], ["lmdb"]], policy: "modulo"),
            Change(before: [["lmdb"], ["rocksdb"], ["lmdb"]], removed: ["shard1"], policy: "ring"),
        ]

        /// 2 to 3, 2 to 4, 4 to 3, 3 to 8, each policy, each engine; some with replicas on the other engine.
        static let long = ["fixed", "modulo", "ring"].flatMap { policy in
            ["lmdb", "rocksdb"].flatMap { engine in
                let other = engine == "lmdb" ? "rocksdb" : "lmdb"
                let (alone, pair) = ([engine], [engine, other])
                return [
                    Change(before: [pair, pair], added: [pair], policy: policy),
                    Change(before: [alone, alone], added: [alone, alone], policy: policy),
                    Change(before: [alone, alone, alone, alone], removed: ["shard2"], policy: policy),
                    Change(before: [alone, alone, alone], added: [alone, alone, alone, alone, alone], policy: policy),
                ]
            }
        }
    }

    @Suite(.serialized) struct ReshardTests {
        /// No client that follows redirects sees anything but a pause, and nothing is lost, reverted or doubled.
        @Test(arguments: Reshards.isLong ? Reshards.long : Reshards.short) func clientsSeeNothing(
            of change: Reshards.Change
        ) async throws {
            var options = TestCluster.Options.patient
            options.placement = change.policy
            let cluster = try TestCluster(change.before, options: options)
            try await cluster.start()
            try await cluster.waitUntilInSync()
            let nodes = cluster.members.map(\.address)
            let load = try AuditLoad(cluster, patience: .seconds(10))
            let web = HTTPWriters(nodes)
            let python = try PythonClient(nodes)
            let benchmark = try RedisBenchmark(nodes[0])
            let running = Task { await load.run(asksMembers: false) }
            let browsing = Task { await web.run(2) }
            try #require(try await Poll.until { load.acknowledged > 200 }, "nobody writes")
            let added = try await cluster.startShards(change.added)
            let arguments = added.flatMap { ["--add", $0] } + change.removed.flatMap { ["--remove", $0] }
            let begun = ContinuousClock.now
            let ran = try await ShoalBinary.run(
                ["reshard", "run"] + arguments,
                config: cluster.configFile,
                within: .seconds(240)
            )
            #expect(ran.exit == .code(0), "\(ran.text) \(ran.errors)")
            let took = Faults.seconds(begun.duration(to: .now))
            let before = load.acknowledged
            #expect(try await Poll.until { load.acknowledged > before + 200 }, "nobody writes any more")
            web.stop()
            await browsing.value
            let said = try await python.finish()
            try await benchmark.finish()
            #expect(said.line.hasSuffix("written, 0 failed, 0 lost"), "\(said.all)")
            #expect(web.failures.isEmpty, "\(web.failures.count): \(web.failures.prefix(5))\n\(cluster.chronicle)")
            load.stop()
            await running.value
            #expect(load.troubles.isEmpty, "\(load.troubles)\n\(cluster.chronicle)")
            load.alsoExpect(web.acknowledged, ignoring: ["py", "web", "key:", "counter:"])
            try await Faults.judge(load, running, cluster, "\(change) in \(took)", said.line)
            try await cluster.checkOwners(change)
            try await cluster.signalAll(SIGTERM)
        }
    }
}

extension TestCluster {
    /// Starts shards that config.yaml does not name yet.
    /// - Returns: each as `--add` has it.
    func startShards(_ shards: [[String]]) async throws -> [String] {
        var texts: [String] = []
        for engines in shards {
            let new = try add(engines)
            for member in new { try spawn(member) }
            texts.append("\(new[0].shard)=\(new.map { "\($0.address)" }.joined(separator: ","))")
        }
        try await waitUntilReady()
        return texts
    }

    /// The map is as even as it can be, no node has keys of slots that it does not own, and config.yaml names the shards
    /// there are.
    func checkOwners(_ change: EndToEndSuite.Reshards.Change) async throws {
        let status = try await status()
        let names = status.shards.map(\.name)
        #expect(names.count == change.before.count + change.added.count - change.removed.count, "\(names)")
        #expect(status.shards.reduce(0) { $0 + $1.slots } == 16384)
        let config = try ClusterConfig.load(file: configFile)
        #expect(config.shardNames == names)
        for shard in status.shards where change.policy != "ring" {
            #expect(abs(shard.slots - 16384 / names.count) <= 1, "\(shard.name) has \(shard.slots) slots")
        }
    }
}
