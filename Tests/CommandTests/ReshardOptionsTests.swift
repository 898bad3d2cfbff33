import ArgumentParser
import Model
import Routing
import Testing
import shoal

@Suite struct ReshardOptionsTests {
    private func config(_ shards: [(String, [String])]) throws -> ClusterConfig {
        ClusterConfig(
            shards: try shards.enumerated().map { index, shard in
                let nodes = try shard.1.map { try NodeAddress($0) }
                return ShardConfig(name: shard.0, index: index, address: nodes[0], replicas: Array(nodes.dropFirst()))
            }
        )
    }

    private func request(_ arguments: [String], _ config: ClusterConfig, map: [String]) throws -> ReshardRequest {
        let nodes = Dictionary(
            uniqueKeysWithValues: config.shards.flatMap { shard in shard.nodes.map { ($0, shard.name) } }
        )
        return try ReshardOptions.parse(arguments).request(
            map: try PlacementPolicy.fixed.map(current: nil, shards: map),
            config: config,
            nodes: nodes
        )
    }

    @Test func everyOptionIsRead() throws {
        let config = try config([("shard0", ["127.0.0.2:80"])])
        let arguments = [
            "--add", "a=h:1,h:2", "--add", "b=[::1]:3", "--remove", "shard0", "--move", "0-9,12=a", "--policy", "ring",
            "--rate", "12.5",
        ]
        let request = try request(arguments, config, map: ["shard0"])
        #expect(request.arguments(inForce: .fixed) == Array(arguments.dropLast(2)))
        #expect(try ReshardOptions.parse(arguments).addedNames == ["a", "b"])
        #expect(try !ReshardOptions.parse(["--policy", "modulo"]).isEmpty)
        #expect(try ReshardOptions.parse([]).isEmpty && ReshardOptions.parse(["--rate", "1"]).isEmpty)
    }

    @Test func aNumberOfShardsHasAsManyReplicasAsTheOthers() throws {
        let config = try config([
            ("shard0", ["127.0.0.2:80", "127.0.0.22:80"]),
            ("shard1", ["127.0.0.3:80", "127.0.0.33:80", "127.0.0.34:80"]),
        ])
        let grown = try request(["--shards", "3", "--policy", "ring"], config, map: ["shard0", "shard1"])
        #expect(grown.add.map(\.name) == ["shard2"] && grown.add[0].replicas.count == 1 && grown.policy == .ring)
        let shrunk = try request(["--shards", "1"], config, map: ["shard0", "shard1"])
        #expect(shrunk == ReshardRequest(remove: ["shard1"]))
        // In the config, and not yet in the map: it is the next.
        let waiting = try request(["--shards", "2"], config, map: ["shard0"])
        #expect(waiting.add.map(\.text) == ["shard1=127.0.0.3:80,127.0.0.33:80,127.0.0.34:80"])
    }

    @Test(arguments: [
        (["--shards", "3", "--add", "a=h:1"], "leave out --add"),
        (["--shards", "3", "--remove", "a"], "leave out --add"),
        (["--shards", "many"], "shards"), (["--add", "a"], "write NAME=HOST:PORT"), (["--add", "a=h"], "no port"),
        (["--move", "5"], "write SLOTS=SHARD"), (["--move", "20000=a"], "not a slot: 20000 (0 to 16383)"),
        (["--move", "9-5=a"], "write 5-9"), (["--policy", "random"], "policy"), (["--rate", "0"], "above 0"),
        (["--rate=-1"], "above 0"), (["--rate", "nan"], "above 0"), (["--rate", "inf"], "above 0"),
        (["--rate", "0.01"], "too low"), (["--rate", "fast"], "rate"),
    ])
    func nonsenseIsRefusedWithAReason(arguments: [String], part: String) {
        do {
            _ = try ReshardOptions.parse(arguments)
            Issue.record("\(arguments) were taken")
        } catch {
            let message = ReshardOptions.message(for: error)
            #expect(message.contains(part), "\(message)")
        }
    }

    @Test func ratesAreInMillionsOfBytes() throws {
        #expect(try MegabytesPerSecond.bytes(12.5) == 12_500_000)
        #expect(MegabytesPerSecond.text(12_500_000) == "12.5 MB/s" && MegabytesPerSecond.text(80_000_000) == "80 MB/s")
        #expect(MegabytesPerSecond.text(0) == "0 MB/s" && MegabytesPerSecond.text(.max).hasSuffix("MB/s"))
    }
}
