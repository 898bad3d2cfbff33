import FoundationEssentials
import Glibc
import Model
import Server
import Synchronization
import TestSupport

/// Real `shoal node` processes with a config.yaml of their own, on loopback addresses of their own.
final class TestCluster {
    final class Member {
        let shard: String
        let address: NodeAddress
        /// Where it binds: another address than others use, if there is a proxy between.
        let listen: NodeAddress
        let isReplica: Bool
        let engine: String
        var folder: String
        var process: ChildProcess?
        /// What comes to its address goes through here.
        var proxy: LinkProxy?
        /// What it says to the coordinator goes through these.
        var coordinatorProxies: [LinkProxy] = []
        /// nil: the cluster's.
        var configFile: String?

        init(shard: String, address: NodeAddress, listen: NodeAddress, isReplica: Bool, engine: String, folder: String)
        {
            self.shard = shard
            self.address = address
            self.listen = listen
            self.isReplica = isReplica
            self.engine = engine
            self.folder = folder
        }
    }

    /// What config.yaml says beside the shards.
    struct Options: Sendable {
        var placement = "fixed"
        /// nil: the default.
        var leaseSeconds: Int?
        var minInSync = 1
        /// ReserveBytes; nil: the default.
        var reserve: String?
        /// nil: the coordinator is `local`.
        var etcd: TestEtcd?
        /// Nodes are reached, and reach an etcd, through proxies.
        var isBehindProxies = false

        /// Where a change of leader would be taken for a fault of something else: a lease that outlives a machine that
        /// stands still for some seconds.
        static var patient: Options {
            var options = Options()
            options.leaseSeconds = 10
            return options
        }
    }

    let folder: TestFolder
    let configFile: String
    let options: Options
    private(set) var members: [Member] = []

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
    init(_ shards: [[String]], options: Options) throws {
        _ = StallWatch.shared
        folder = try TestFolder()
        configFile = "\(folder.path)/config.yaml"
        self.options = options
        for engines in shards { try addShard(engines) }
        try writeConfig()
    }

    convenience init(_ shards: [[String]], placement: String = "fixed") throws {
        var options = Options()
        options.placement = placement
        try self.init(shards, options: options)
    }

    private func addShard(_ engines: [String]) throws { _ = try add(engines) }

    /// A shard more, leader first; config.yaml stays as it is.
    func add(_ engines: [String]) throws -> [Member] {
        let index = Set(members.map(\.shard)).count
        var added: [Member] = []
        for (place, engine) in engines.enumerated() {
            let address = try Self.freshAddress()
            added.append(
                Member(
                    shard: "shard\(index)",
                    address: address,
                    listen: options.isBehindProxies ? NodeAddress(host: address.host, port: 18081) : address,
                    isReplica: place > 0,
                    engine: engine,
                    folder: "\(folder.path)/\(address.folderName)"
                )
            )
        }
        members += added
        return added
    }

    /// The paper's way: more shards in the file.
    func grow(by shards: [[String]]) throws {
        for engines in shards { try addShard(engines) }
        try writeConfig()
    }

    private func writeConfig() throws {
        _ = try folder.write(config(endpoints: options.etcd?.endpoints ?? []), to: "config.yaml")
    }

    private func config(endpoints: [String]) -> String {
        var text = "Cluster:\n  Name: e2e\n  Placement: \(options.placement)\n  DataDirectory: data\n"
        text += "  MinInSync: \(options.minInSync)\n"
        if let seconds = options.leaseSeconds { text += "  LeaseSeconds: \(seconds)\n" }
        if let reserve = options.reserve { text += "  ReserveBytes: \(reserve)\n" }
        if !endpoints.isEmpty {
            text += "  Coordinator: etcd\n  EtcdEndpoints: [\(endpoints.joined(separator: ", "))]\n"
        }
        for leader in leaders {
            let replicas = members.filter { $0.shard == leader.shard && $0.isReplica }.map { "\($0.address)" }
            text += "---\nShard:\n  Name: \(leader.shard)\n  Index: \(leader.shard.dropFirst(5))\n"
            text += "  Address: \(leader.address)\n"
            if !replicas.isEmpty { text += "  Replicas: [\(replicas.joined(separator: ", "))]\n" }
        }
        return text
    }

    /// Puts the proxies between; before `start`.
    func interpose() async throws {
        for member in members where options.isBehindProxies {
            member.proxy = try await LinkProxy.start(at: member.address, to: member.listen)
            guard let etcd = options.etcd else { continue }
            for (index, ports) in etcd.ports.enumerated() {
                let address = NodeAddress(host: member.address.host, port: UInt16(18090 + index))
                let target = NodeAddress(host: TestEtcd.host, port: UInt16(ports.client))
                member.coordinatorProxies.append(try await LinkProxy.start(at: address, to: target))
            }
            let text = config(endpoints: member.coordinatorProxies.map { "http://\($0.address)" })
            member.configFile = try folder.write(text, to: "\(member.address.folderName).yaml")
        }
    }

    var leaders: [Member] { members.filter { !$0.isReplica } }

    /// - Parameter shell: words of a shell's command that runs the node as `"$@"`.
    func spawn(
        _ member: Member,
        extra: [String] = [],
        environment: [String: String] = [:],
        shell: String? = nil
    ) throws {
        var command = shell.map { ["sh", "-c", $0, "sh"] } ?? []
        command += [
            ShoalBinary.path, "node", "--shard", member.shard, "--http-address", "\(member.address)", "--db-type",
            member.engine, "--db-location", member.folder, "--config-file", member.configFile ?? configFile,
        ]
        if member.listen != member.address { command += ["--listen-address", "\(member.listen)"] }
        if member.isReplica { command.append("--replica") }
        let output = log(of: member)
        member.process = try ChildProcess.start(command + extra, output: output, environment: environment)
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
        let response = try await HTTPFetch.request(method: "GET", address: member.listen, path: "/status")
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
