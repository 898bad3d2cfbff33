import Model
import Routing
import Testing

@Suite struct ConfigParserTests {
    static let figure1 = """
        ! config.yaml
        Shard:
          Name: shard0
          Index: 0
          Address: 127.0.0.2:8080
          Replicas: [127.0.0.22:8080]
        ---
        Shard:
          Name: shard1
          Index: 1
          Address: 127.0.0.3:8080
          Replicas: [127.0.0.33:8080]
        """

    private static let shard = "Shard: {Name: a, Index: 0, Address: 127.0.0.2:80}\n"

    private func parse(_ text: String) throws -> ClusterConfig {
        try ConfigParser.parse(text, file: "folder/config.yaml")
    }

    @Test func figure1OfThePaperHasEveryDefault() throws {
        let config = try parse(Self.figure1)
        #expect(config.shardNames == ["shard0", "shard1"])
        #expect(config.shards[0].replicas == [try NodeAddress("127.0.0.22:8080")])
        #expect(config.name == "default" && config.placement == .fixed && config.engine == .lmdb)
        #expect(config.durability == .fsync && config.coordinator == .local && config.environment == .development)
        #expect(config.leaseSeconds == 3 && config.minInSync == 1)
        #expect(config.dataDirectory == "folder/data")
        let address = try NodeAddress("127.0.0.2:8080")
        #expect(config.dataFolder(for: address) == "folder/data/127.0.0.2_8080")
        #expect(config.allNodes.count == 4)
        #expect(config.membership(of: address)?.isReplica == false)
        #expect(config.membership(of: try NodeAddress("127.0.0.33:8080"))?.shard.name == "shard1")
        #expect(config.shard(named: "shard2") == nil)
    }

    @Test func everyFieldIsRead() throws {
        let config = try parse(
            """
            Shard:
              Name: b
              Index: 1
              Address: "[::1]:81"
              Replicas:
                - localhost:82
            ---
            Cluster:
              Name: prod-1
              Placement: ring
              Engine: rocksdb
              Durability: os
              DataDirectory: /var/lib/shoal
              Coordinator: etcd
              EtcdEndpoints: [http://10.0.0.1:2379, "https://etcd:2379"]
              LeaseSeconds: 5
              MinInSync: 2
              Environment: production
              ReserveBytes: 2 GiB
            ---
            Shard:
              Name: a
              Index: 0
              Address: 10.0.0.2:80
              Replicas: [10.0.0.3:80]
            """
        )
        #expect(config.name == "prod-1" && config.placement == .ring && config.engine == .rocksdb)
        #expect(config.durability == .os && config.coordinator == .etcd && config.environment == .production)
        #expect(config.leaseSeconds == 5 && config.minInSync == 2 && config.reserveBytes == 2 << 30)
        #expect(config.dataDirectory == "/var/lib/shoal")
        #expect(config.etcdEndpoints == ["http://10.0.0.1:2379", "https://etcd:2379"])
        #expect(config.shardNames == ["a", "b"])
        #expect(config.shards[1].address == NodeAddress(host: "::1", port: 81))
    }

    /// Text, line, and a part of the message.
    @Test(arguments: [
        ("", 1, "no Shard"),
        ("\n\n# only a comment\n", 1, "no Shard"),
        ("! config.yaml\n", 1, "no Shard"),
        ("Cluster: {Name: demo}\n", 1, "no Shard"),
        ("hello\n", 1, "expected \"Shard:\""),
        ("- a\n- b\n", 1, "expected \"Shard:\""),
        ("Shard:\n", 1, "has no Name"),
        ("Shard: 5\n", 1, "must have fields"),
        ("Shards: {Name: a}\n", 1, "did you mean Shard?"),
        ("Shard:\n  Name: a\n  Index: 0\n", 1, "has no Address"),
        ("Shard:\n  Name: a\n  Index: 0\n  Adress: 127.0.0.2:80\n", 4, "did you mean Address?"),
        ("Shard:\n  Name: a\n  Index: 0\n  Address: 127.0.0.2:80\n  Colour: 1\n", 5, "unknown Shard field"),
        ("Shard:\n  Name: a\n  Index: 0\n  Address: 127.0.0.2\n", 4, "has no port"),
        ("Shard:\n  Name: a\n  Index: 0\n  Address: 127.0.0.2:99999\n", 4, "between 1 and 65535"),
        ("Shard:\n  Name: a\n  Index: 0\n  Address: [127.0.0.2:80]\n", 4, "not a list"),
        ("Shard:\n  Name: a\n  Index: zero\n  Address: 127.0.0.2:80\n", 3, "whole number"),
        ("Shard:\n  Name: a\n  Index: -1\n  Address: 127.0.0.2:80\n", 3, "from 0"),
        ("Shard:\n  Name: a b\n  Index: 0\n  Address: 127.0.0.2:80\n", 2, "letters, digits"),
        ("Shard:\n  Name: ../a\n  Index: 0\n  Address: 127.0.0.2:80\n", 2, "letters, digits"),
        ("Shard:\n  Name:\n  Index: 0\n  Address: 127.0.0.2:80\n", 2, "Name is empty"),
        ("Shard:\n  Name: a\n  Index: 0\n  Address: 127.0.0.2:80\n  Replicas: 127.0.0.3:80\n", 5, "must be a list"),
        ("Shard:\n  Name: a\n  Index: 0\n  Address: 127.0.0.2:80\n  Replicas: [[x]]\n", 5, "one value"),
        ("Shard:\n  Name: a\n  Index: 0\n  Address: 127.0.0.2:80\n  Replicas:\n  - x:1\n  - y\n", 7, "no port"),
        ("Shard:\n  Name: a\n  Name: b\n  Index: 0\n  Address: 127.0.0.2:80\n", 2, "given twice"),
        ("Shard:\n  Name: a\n Index: 0\n", 3, "not valid YAML"),
        ("Shard: {Name: a\n", 2, "not valid YAML"),
        ("Shard: *nobody\n", 1, "not valid YAML"),
        (shard + "---\nShard: {Name: b, Index: 2, Address: 127.0.0.3:80}\n", 3, "Index 1 is skipped"),
        (shard + "---\nShard: {Name: b, Index: 0, Address: 127.0.0.3:80}\n", 3, "Index 0 is already"),
        (shard + "---\nShard: {Name: a, Index: 1, Address: 127.0.0.3:80}\n", 3, "Name \"a\" is already used on line 1"),
        (shard + "---\nShard: {Name: b, Index: 1, Address: 127.0.0.2:80}\n", 3, "already used on line 1"),
        (
            shard + "---\nShard:\n  Name: b\n  Index: 1\n  Address: 127.0.0.3:80\n  Replicas: [127.0.0.2:80]\n", 7,
            "address 127.0.0.2:80 is already used on line 1"
        ),
        (shard + "---\nCluster: {}\n---\nCluster: {}\n", 5, "second Cluster document; the first is on line 3"),
        (shard + "Cluster: {}\n", 1, "separate them"),
        (shard + "Shard: {Name: b}\n", 1, "separate documents by ---"),
        (shard + "---\nCluster:\n  Name: c\n  LeaseSeconds: 1\n", 5, "from 2 to"),
        (shard + "---\nCluster:\n  LeaseSeconds: soon\n", 4, "whole number"),
        (shard + "---\nCluster:\n  MinInSync: 0\n", 4, "from 1 to"),
        (shard + "---\nCluster:\n  ReserveBytes: 256MB\n", 4, "KiB, MiB"),
        (shard + "---\nCluster:\n  ReserveBytes: -1\n", 4, "number of bytes"),
        (shard + "---\nCluster:\n  ReserveBytes: 99999999TiB\n", 4, "more than any disk"),
        (shard + "---\nCluster:\n  MinInSync: 2\n", 4, "more than the 1 members of a"),
        (shard + "---\nCluster:\n  Placement: random\n", 4, "fixed, modulo, ring"),
        (shard + "---\nCluster:\n  Engine: bolt\n", 4, "lmdb, rocksdb"),
        (shard + "---\nCluster:\n  Durability: never\n", 4, "fsync, os"),
        (shard + "---\nCluster:\n  Environment: test\n", 4, "development, staging, production"),
        (shard + "---\nCluster:\n  Coordinator: etcd\n", 4, "needs EtcdEndpoints"),
        (shard + "---\nCluster:\n  EtcdEndpoints: [10.0.0.1:2379]\n", 4, "http://host:port"),
        (shard + "---\nCluster:\n  minInSync: 1\n", 4, "did you mean MinInSync?"),
    ])
    func refuses(text: String, line: Int, part: String) throws {
        let error = try #require(throws: ConfigError.self) { try parse(text) }
        #expect(error.description.contains(part), "\(error)")
        #expect(error.description.hasPrefix("folder/config.yaml:\(line): "), "\(error)")
        #expect(!error.description.contains("\n"))
    }

    @Test func refusesBinaryJunk() throws {
        var random = SeededRandom(seed: 7)
        for length in [1, 10, 1000, 100_000] {
            let junk = (0..<length).map { _ in UInt8.random(in: 0x80...0xFF, using: &random) }
            #expect(throws: ConfigError.self) { try ConfigParser.parse(junk, file: "f") }
        }
        let error = try #require(throws: ConfigError.self) { try ConfigParser.parse([0x61, 0x0A, 0x00], file: "f") }
        #expect(error.description == "f:2: not a text file: it contains the control character 0x00")
    }

    @Test func randomTextIsRefusedNotFatal() {
        let alphabet = Array("Shard:Name {}[]-&*!|>'\"%@`#,?\n\n  \t0".utf8)
        var random = SeededRandom(seed: 11)
        for _ in 0..<3000 {
            let length = Int.random(in: 0...80, using: &random)
            let text = (0..<length).map { _ in alphabet[Int.random(in: alphabet.indices, using: &random)] }
            #expect(throws: ConfigError.self) { try ConfigParser.parse(text, file: "f") }
        }
        let nested = [UInt8](repeating: UInt8(ascii: "["), count: 20_000)
        #expect(throws: ConfigError.self) { try ConfigParser.parse(nested, file: "f") }
    }

    @Test func allProblemsAreCollectedInOrder() throws {
        let error = try #require(throws: ConfigError.self) {
            try parse("Shard:\n  Name: a b\n  Index: x\n  Address: y\n")
        }
        #expect(error.problems.map(\.line) == [2, 3, 4])
    }

    @Test func localCoordinatorWantsAddressesOfThisMachine() throws {
        let foreign = try parse("\n" + Self.shard.replacing("127.0.0.2", with: "192.0.2.1"))
        let error = try #require(throws: ConfigError.self) { try foreign.validateLocality(localHosts: []) }
        #expect(error.description.hasPrefix("folder/config.yaml:2: 192.0.2.1:80 is not an address of this machine"))
        try foreign.validateLocality(localHosts: ["192.0.2.1"])
        try parse(Self.figure1).validateLocality(localHosts: [])
        try parse("Shard: {Name: a, Index: 0, Address: 'localhost:1', Replicas: ['[::1]:2']}")
            .validateLocality(localHosts: [])
        var etcd = foreign
        etcd.coordinator = .etcd
        try etcd.validateLocality(localHosts: [])
        #expect(!LocalHosts.isLoopback("128.0.0.1") && !LocalHosts.isLoopback("127.example"))
        #expect(LocalHosts.all().contains("127.0.0.1"))
    }

    @Test func missingFileAndFolderAreSaid() throws {
        let missing = try #require(throws: ConfigError.self) { try ClusterConfig.load(file: "/nowhere/config.yaml") }
        #expect(missing.description.hasPrefix("/nowhere/config.yaml: no such file"))
        #expect(throws: ConfigError.self) { try ClusterConfig.load(file: "/tmp") }
    }

    @Test func theConfigOfThisRepositoryIsFigure1() throws {
        // #filePath goes through a symbolic link in some set-ups; the file is looked up from the test's own folder.
        let folders = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let config = try ClusterConfig.load(file: "/\(folders)/config.yaml")
        let paper = try parse(Self.figure1)
        #expect(config.shards == paper.shards)
        #expect(config.name == "demo")
    }
}
