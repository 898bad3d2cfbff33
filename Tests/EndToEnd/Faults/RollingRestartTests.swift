import Glibc
import NIOCore
import Testing

extension EndToEndSuite.Faults {
    /// Item 4: all nodes are restarted one after the other under load, and no client sees it.
    @Suite struct RollingRestartTests {
        enum Means: String, Sendable, CaseIterable {
            /// SIGTERM, and a new process.
            case process
            /// `shoal stop` and `shoal start`: the address goes on answering.
            case shard
        }

        @Test(arguments: Means.allCases) func noRequestFails(by means: Means) async throws {
            let cluster = try await Faults.cluster(Faults.nineNodes, .patient)
            let nodes = cluster.members.map(\.address)
            let load = try AuditLoad(cluster, patience: .seconds(10))
            let web = HTTPWriters(nodes)
            let python = try PythonClient(nodes)
            let running = Task { await load.run(asksMembers: false) }
            let browsing = Task { await web.run(2) }
            // `make test` stops and starts the nodes of one shard, and restarts the processes of all.
            let members = means == .process || Faults.isLong ? cluster.members : cluster.members(of: 1)
            for member in members {
                let (before, pages) = (load.acknowledged, web.acknowledged.count)
                let isWriting = try await Poll.until {
                    load.acknowledged > before + 50 && web.acknowledged.count > pages + 5
                }
                #expect(isWriting, "nobody writes")
                switch means {
                case .process:
                    try await cluster.stop(member)
                    try cluster.spawn(member)
                case .shard:
                    for action in ["stop", "start"] {
                        let ran = try await ShoalBinary.run(action, "\(member.address)", config: cluster.configFile)
                        #expect(ran.exit == .code(0), "\(ran.text) \(ran.errors)")
                    }
                }
                try await cluster.waitUntilInSync()
            }
            web.stop()
            await browsing.value
            let said = try await python.finish()
            #expect(said.line.hasSuffix("written, 0 failed, 0 lost"), "\(said.all)")
            #expect(web.failures.isEmpty, "\(web.failures.count): \(web.failures.prefix(5))\n\(cluster.chronicle)")
            load.stop()
            await running.value
            #expect(load.troubles.isEmpty, "\(load.troubles)\n\(cluster.chronicle)")
            load.alsoExpect(web.acknowledged, ignoring: ["py", "web"])
            try await Faults.judge(
                load,
                running,
                cluster,
                "\(members.count) nodes restarted (\(means))",
                "redis-py and http.client: \(said.line); HTTP: \(web.acknowledged.count) written, "
                    + "\(web.failures.count) failed"
            )
            try await cluster.signalAll(SIGTERM)
        }
    }
}
