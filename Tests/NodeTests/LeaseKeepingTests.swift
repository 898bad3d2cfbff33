import Foundation
import Model
import Node
import Synchronization
import TestSupport
import Testing

/// What keeps a leader alive waits for no client.
@Suite(.serialized) struct LeaseKeepingTests {
    /// Longer than a lease: without renewals it has run out by then.
    private static let blockedFor = Duration.milliseconds(3_500)

    @Test func aLeaderStaysLeaderWhileSwiftsOwnPoolIsBlocked() async throws {
        let ground = try NodeGround(host: "127.66.21.1", nodes: 1, leaseSeconds: 2)
        let node = try ground.node(0)
        try await node.start()
        #expect(try await eventually { node.isLeading })
        let term = node.status().leadership?.term
        let losses = node.losses
        let end = ContinuousClock.now + Self.blockedFor
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<ProcessInfo.processInfo.activeProcessorCount {
                // Blocks the pool's thread on purpose.
                group.addTask { while ContinuousClock.now < end { usleep(1_000) } }
            }
        }
        let status = node.status()
        #expect(status.role == .leader && status.leadership?.term == term)
        #expect(node.losses == losses, "\(status.changes ?? [])")
        await node.stop()
    }

    /// A stop takes as long as its disk and its replicas; other nodes' commands go on meanwhile.
    @Test func transitionsRunOnTheNodesOwnThread() async throws {
        let ground = try NodeGround(host: "127.66.21.2", nodes: 1)
        let node = try ground.node(0)
        try await node.start()
        _ = await node.waitUntilOpened()
        #expect(ProcessFigures.now().threads.contains("shoal-node"))
        async let stopped = node.stopShard()
        async let started = node.startShard()
        _ = await (stopped, started)
        _ = await node.startShard()
        #expect(try await eventually { node.isLeading })
        await node.stop()
    }
}

extension Node {
    /// How often something was lost so far.
    fileprivate var losses: Int { (status().changes ?? []).count { $0.gravity == .loss } }
}
