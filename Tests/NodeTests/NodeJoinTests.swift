import Logging
import Model
import Node
import Routing
import Server
import TestSupport
import Testing

/// A node whose coordinator does not answer.
@Suite(.serialized) struct NodeJoinTests {
    @Test func aStopEndsTheWaitForTheCoordinator() async throws {
        let ground = try NodeGround(host: "127.66.24.1", nodes: 1)
        var config = ground.config
        config.coordinator = .etcd
        // Nobody listens there.
        config.etcdEndpoints = ["http://127.66.24.1:1"]
        let node = try Node(
            NodeConfiguration(cluster: config, shard: "a", address: ground.address(0), isReplica: false),
            group: NodeGround.clients,
            control: NodeGround.control,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        try await node.start()
        for round in 1...3 {
            let waits = try await eventually { node.status().message.contains("waiting for the coordinator") }
            #expect(waits, "round \(round): \(node.status())")
            #expect(node.status().state == .starting)
            // It waits for the opening to end: for ever, if that did not hear of it.
            #expect(await node.stopShard().state == .stopped)
            #expect(await node.startShard().state == .starting)
        }
        await node.stop()
        #expect(node.status().state == .stopped)
    }
}
