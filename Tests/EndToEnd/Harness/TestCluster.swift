import FoundationEssentials
import Glibc
import Routing
import Server
import Synchronization

/// Real `shoal node` processes with a config.yaml of their own, on loopback addresses of their own.
final class TestCluster {
    final class Member {
        let shard: String
        let address: NodeAddress
        let isReplica: Bool
        let engine: String
        var folder: String
        var process: ChildProcess?

        init(shard: String, address: NodeAddress, isReplica: Bool, engine: String, folder: String) {
            self.shard = shard
            self.address = address
            self.isReplica = isReplica
            self.engine = engine
            self.folder = folder
        }
    }

    let folder: TestFolder
    let configFile: String
    private(set) var members: [Member] = []
    private(set) var placement: String

    private static let made = Mutex(0)

    /// An address that no other test of this process uses, and no other process of this machine is likely to.
    static func freshAddress() throws -> NodeAddress {
        let number = made.withLock { made in
            made += 1
            return made
        }
        let host = "127.\(100 + Int(getpid()) % 100).\(number / 250).\(1 + number % 250)"
        return NodeAddress(host: host, port: 18080)
    }

    /// Shards as lists of engines, leader first: `[["lmdb", "rocksdb"]]` is one shard with a replica.
    init(_ shards: [[String]], placement: String = "fixed") throws {
        folder = try TestFolder()
        configFile = "\(folder.path)/config.yaml"
        self.placement = placement
        for engines in shards { try addShard(engines) }
        try writeConfig()
    }

    private func addShard(_ engines: [String]) throws {
        let index = Set(members.map(\.shard)).count
        for (place, engine) in engines.enumerated() {
            let address = try Self.freshAddress()
            members.append(
                Member(
                    shard: "shard\(index)",
                    address: address,
                    isReplica: place > 0,
                    engine: engine,
                    folder: "\(folder.path)/\(address.folderName)"
                )
            )
        }
    }

    /// The paper's way: more shards in the file.
    func grow(by shards: [[String]]) throws {
        for engines in shards { try addShard(engines) }
        try writeConfig()
    }

    private func writeConfig() throws {
        var text = "Cluster:\n  Name: e2e\n  Placement: \(placement)\n  DataDirectory: data\n"
        for leader in leaders {
            let replicas = members.filter { $0.shard == leader.shard && $0.isReplica }.map { "\($0.address)" }
            text += "---\nShard:\n  Name: \(leader.shard)\n  Index: \(leader.shard.dropFirst(5))\n"
            text += "  Address: \(leader.address)\n"
            if !replicas.isEmpty { text += "  Replicas: [\(replicas.joined(separator: ", "))]\n" }
        }
        _ = try folder.write(text, to: "config.yaml")
    }

    var leaders: [Member] { members.filter { !$0.isReplica } }

    func spawn(_ member: Member, extra: [String] = []) throws {
        var command = [
            ShoalBinary.path, "node", "--shard", member.shard, "--http-address", "\(member.address)", "--db-type",
            member.engine, "--db-location", member.folder, "--config-file", configFile,
        ]
        if member.isReplica { command.append("--replica") }
        member.process = try ChildProcess.start(command + extra, output: log(of: member))
    }

    func log(of member: Member) -> String { "\(folder.path)/\(member.address.folderName).log" }

    func start(extra: [String] = []) async throws {
        for member in members { try spawn(member, extra: extra) }
        try await waitUntilReady()
    }

    func waitUntilReady(within limit: Duration = .seconds(60)) async throws {
        for member in members {
            let isReady = try await Poll.until(within: limit) {
                if let exit = member.process?.ended {
                    throw TestFailure("\(member.address) ended with \(exit): \(lastLines(of: member))")
                }
                return (try? await status(of: member))?.state == .running
            }
            guard isReady else { throw TestFailure("\(member.address) is not ready: \(lastLines(of: member))") }
        }
    }

    private func lastLines(of member: Member) -> String {
        String(String(decoding: TestFolder.read(log(of: member)), as: UTF8.self).suffix(1000))
    }

    func signalAll(_ number: Int32) async throws {
        for member in members { member.process?.signal(number) }
        for member in members {
            _ = try await member.process?.waitForExit()
            member.process = nil
        }
    }

    func status(of member: Member) async throws -> NodeStatus {
        let response = try await HTTPFetch.request(method: "GET", address: member.address, path: "/status")
        guard let status = StatusJSON.decode(NodeStatus.self, from: response.body) else {
            throw TestFailure("not a status: \(String(decoding: response.body, as: UTF8.self))")
        }
        return status
    }

    /// Whether every replica has what its leader has, and says so: no lag in entries, bytes or milliseconds.
    func isLevel() async throws -> Bool {
        for leader in leaders {
            let position = try await status(of: leader).position
            for replica in members where replica.isReplica && replica.shard == leader.shard {
                let status = try await status(of: replica)
                guard status.position == position, status.lag == NodeStatus.Lag() else { return false }
            }
        }
        return true
    }

    /// What `shoal status --json` says.
    func status() async throws -> ClusterStatus {
        let printed = try await ShoalBinary.run("status", "--json", config: configFile)
        guard let status = StatusJSON.decode(ClusterStatus.self, from: printed.output) else {
            throw TestFailure("not a status: \(printed.text) \(printed.errors)")
        }
        return status
    }
}
