import Foundation
import Model
import Node
import TestSupport
import Testing

/// What is opened is ended: stops, starts and changes of leader leave nothing behind.
@Suite(.serialized) struct NodeStopTests {
    private static let rounds = 10

    /// Objects that must be gone soon.
    private struct Watched {
        weak var object: AnyObject?
        let name: String
    }

    private func watched(_ node: Node) -> [Watched] {
        node.openObjects.map { Watched(object: $0.object, name: $0.name) }
    }

    private func expectGone(_ watched: [Watched], _ what: String) async throws {
        #expect(!watched.isEmpty)
        let areGone = try await eventually { watched.allSatisfy { $0.object == nil } }
        #expect(areGone, "left after \(what): \(watched.filter { $0.object != nil }.map(\.name))")
    }

    /// With a record on its way to the replica: from then on the stream has the log's file open.
    private func figures(_ ground: NodeGround, _ replica: Node) async throws -> ProcessFigures {
        try await ground.write(1, to: 0)
        #expect(try await eventually { replica.isFresh })
        return ProcessFigures.now()
    }

    private func expectSame(_ before: ProcessFigures, _ ground: NodeGround, _ replica: Node) async throws {
        _ = try await figures(ground, replica)
        let folder = ground.folder.path
        let isSame = try await eventually {
            let now = ProcessFigures.now()
            return now.descriptors.filter { $0.hasPrefix(folder) } == before.descriptors.filter { $0.hasPrefix(folder) }
                && now.descriptors.count <= before.descriptors.count && now.threads.count <= before.threads.count
        }
        let now = ProcessFigures.now()
        #expect(
            isSame,
            """
            more than before: \(now.descriptors.difference(from: before.descriptors)), \
            \(now.threads.difference(from: before.threads))
            """
        )
    }

    /// A pair that runs, with some keys in it.
    private func with(
        _ host: String,
        _ body: (NodeGround, Node, Node) async throws -> Void
    ) async throws {
        let ground = try NodeGround(host: host, nodes: 2)
        let (leader, replica) = (try ground.node(0), try ground.node(1))
        try await leader.start()
        try await replica.start()
        #expect(try await eventually { leader.isLeading && replica.isFresh })
        try await ground.write(100, to: 0)
        try await body(ground, leader, replica)
        await replica.stop()
        await leader.stop()
    }

    private func restart(_ node: Node, other: Node) async throws {
        let open = watched(node)
        #expect(await node.stopShard().state == .stopped)
        try await expectGone(open, "a stop")
        _ = await node.startShard()
        let isBack = try await eventually {
            (node.isLeading || node.isFresh) && (other.isLeading || other.isFresh) && node.isLeading != other.isLeading
        }
        #expect(isBack, "\(node.status()) \(other.status())")
    }

    @Test func aReplicaThatStopsLeavesNothing() async throws {
        try await with("127.66.20.1") { ground, leader, replica in
            // The first time makes what lasts as long as the process.
            try await restart(replica, other: leader)
            let before = try await figures(ground, replica)
            for _ in 0..<Self.rounds { try await restart(replica, other: leader) }
            try await expectSame(before, ground, replica)
        }
    }

    @Test func aLeaderThatStopsLeavesNothing() async throws {
        try await with("127.66.20.2") { ground, leader, replica in
            try await restart(leader, other: replica)
            try await restart(replica, other: leader)
            let before = try await figures(ground, replica)
            for _ in 0..<Self.rounds / 2 {
                // Whoever leads: its stop makes the other leader.
                try await restart(leader, other: replica)
                try await restart(replica, other: leader)
            }
            try await expectSame(before, ground, replica)
        }
    }

    @Test func switchoversLeaveNothing() async throws {
        try await with("127.66.20.3") { ground, leader, replica in
            for turn in 0..<2 { try await switchOver(turn.isMultiple(of: 2) ? (leader, replica) : (replica, leader)) }
            let before = try await figures(ground, replica)
            for turn in 0..<6 { try await switchOver(turn.isMultiple(of: 2) ? (leader, replica) : (replica, leader)) }
            try await expectSame(before, ground, replica)
        }
    }

    private func switchOver(_ pair: (from: Node, to: Node)) async throws {
        let terms = pair.from.openObjects.filter { $0.name == "resharding" }.map {
            Watched(object: $0.object, name: $0.name)
        }
        let links = pair.to.openObjects.filter { $0.name == "link" }.map { Watched(object: $0.object, name: $0.name) }
        let failure = await pair.from.switchOver(to: pair.to.configuration.address.description)
        #expect(failure == nil)
        #expect(try await eventually { pair.to.isLeading && pair.from.isFresh })
        try await expectGone(links, "becoming leader")
        // The former term's driver waits for the next term to be let go.
        #expect(terms.count == 1)
    }

    /// Nothing holds the node itself either.
    @Test func aNodeThatStopsIsGone() async throws {
        let ground = try NodeGround(host: "127.66.20.4", nodes: 1)
        weak var gone: Node?
        do {
            let node = try ground.node(0)
            gone = node
            try await node.start()
            #expect(try await eventually { node.isLeading })
            await node.stop()
        }
        #expect(try await eventually { gone == nil })
    }
}
