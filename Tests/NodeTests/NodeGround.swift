import Foundation
import Logging
import Model
import NIOPosix
import Node
import Routing
import Server
import TestSupport
import Testing

/// A shard's nodes in this process, on a folder of their own: the first one leads by config.yaml.
final class NodeGround: Sendable {
    /// Loops that all tests of this process share, so that what is left over after one can be counted.
    static let clients = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    static let control = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    let folder: TestFolder
    let config: ClusterConfig

    /// - Parameter host: an address of loopback of this test alone; nodes take the ports from 18080 on.
    init(host: String, nodes: Int, leaseSeconds: Int = 3) throws {
        folder = try TestFolder()
        var text =
            "Cluster:\n  Name: c\n  DataDirectory: data\n  LeaseSeconds: \(leaseSeconds)\n---\nShard:\n  Name: a\n"
        text += "  Index: 0\n  Address: \(host):18080\n"
        if nodes > 1 {
            text += "  Replicas:\n"
            for index in 1..<nodes { text += "    - \(host):\(18080 + index)\n" }
        }
        let file = folder.path + "/config.yaml"
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        config = try ClusterConfig.load(file: file)
    }

    func address(_ index: Int) -> NodeAddress { config.shards[0].nodes[index] }

    func node(_ index: Int, logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }) throws -> Node {
        let configuration = try NodeConfiguration(
            cluster: config,
            shard: "a",
            address: address(index),
            isReplica: index > 0
        )
        return try Node(configuration, group: Self.clients, control: Self.control, logger: logger)
    }

    func write(_ count: Int, to node: Int) async throws {
        let client = try await RESPClient.connect(to: address(node), group: Self.clients)
        for index in 0..<count {
            _ = try await client.command(["SET", "key\(index)", "value"].map { Array($0.utf8) })
        }
        await client.close()
    }
}

extension Node {
    var isLeading: Bool {
        let status = status()
        return status.role == .leader && status.state == .running
    }

    /// A replica that could become leader now.
    var isFresh: Bool {
        let status = status()
        return status.role == .replica && status.state == .running && status.inSync && status.lag.milliseconds == 0
    }
}

/// What this process has open.
struct ProcessFigures: Equatable {
    var descriptors: [String]
    var threads: [String]

    static func now() -> ProcessFigures {
        ProcessFigures(descriptors: descriptors(), threads: threads())
    }

    private static func descriptors() -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        let targets = names.compactMap {
            try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")
        }
        // A socket's name has a number of its own.
        return targets.map { $0.hasPrefix("socket:") ? "socket" : $0 }.filter { !$0.hasPrefix("/proc/") }.sorted()
    }

    private static func threads() -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
        return names.compactMap { try? String(contentsOfFile: "/proc/self/task/\($0)/comm", encoding: .utf8) }.map {
            $0.filter { $0 != "\n" }
        }.sorted()
    }
}
