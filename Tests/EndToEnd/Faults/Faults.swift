import Glibc
import TestSupport
import Testing

extension EndToEndSuite {
    /// Issue 3 with real processes: what dies, sleeps or is cut off, while clients write and read. `make failover-long`
    /// does it as often as the issue asks for.
    @Suite(.serialized) enum Faults {
        static let isLong = getenv("SHOAL_FAULTS") != nil

        enum Coordinator: String, Sendable, CaseIterable { case local, etcd }

        /// Three shards of three nodes on both engines; one shard's replicas are of its leader's engine, too.
        static let nineNodes = [
            ["lmdb", "rocksdb", "lmdb"], ["rocksdb", "lmdb", "rocksdb"], ["lmdb", "rocksdb", "rocksdb"],
        ]

        /// Real etcd members of the test's own.
        static func options(_ coordinator: Coordinator, isBehindProxies: Bool = false) async throws
            -> TestCluster.Options
        {
            var options = TestCluster.Options()
            options.isBehindProxies = isBehindProxies
            if coordinator == .etcd { options.etcd = try await TestEtcd(members: 3) }
            return options
        }

        /// Started, and all members in sync.
        static func cluster(_ shards: [[String]], _ options: TestCluster.Options) async throws -> TestCluster {
            let cluster = try TestCluster(shards, options: options)
            try await cluster.interpose()
            try await cluster.start()
            try await cluster.waitUntilInSync()
            return cluster
        }

        /// Ends the load and holds everything against what the nodes have.
        static func judge(
            _ load: AuditLoad,
            _ running: Task<Void, Never>,
            _ cluster: TestCluster,
            _ title: String,
            _ figures: String = "",
            sourceLocation: SourceLocation = #_sourceLocation
        ) async throws {
            load.stop()
            await running.value
            let verdict = try await load.verdict(on: cluster)
            #expect(verdict.isClean, "\(verdict.complaint)\n\(cluster.chronicle)", sourceLocation: sourceLocation)
            let complaints = cluster.protocolComplaints
            #expect(complaints.isEmpty, "\(complaints.first ?? "")", sourceLocation: sourceLocation)
            #expect(verdict.acknowledged > 100, "hardly anything was written", sourceLocation: sourceLocation)
            print("\(title): \(figures.isEmpty ? "" : figures + "; ")\(verdict.summary)")
            try report([title, figures.isEmpty ? "-" : figures] + verdict.figures)
        }

        /// A row of the table that `make failover-long` prints at its end.
        private static func report(_ row: [String]) throws {
            guard let path = getenv("SHOAL_FIGURES") else { return }
            guard let file = fopen(path, "a") else { throw TestFailure("can't write the figures: errno \(errno)") }
            fputs(row.joined(separator: "\t") + "\n", file)
            fclose(file)
        }

        static func seconds(_ duration: Duration) -> String {
            let milliseconds = duration / .milliseconds(1)
            return "\((milliseconds / 10).rounded() / 100) s"
        }
    }
}

/// Short for the tests, which stand in extensions of it.
typealias Faults = EndToEndSuite.Faults
