import Foundation
import Model
import Resharding
import Routing
import Testing

@Suite struct ReshardRequestTests {
    private let map: SlotMap
    private let nodes: [NodeAddress: String]

    init() throws {
        map = try PlacementPolicy.fixed.map(current: nil, shards: ["shard0", "shard1", "shard2"])
        nodes = [
            try NodeAddress("127.0.0.2:8080"): "shard0", try NodeAddress("127.0.0.22:8080"): "shard0",
            try NodeAddress("127.0.0.3:8080"): "shard1", try NodeAddress("127.0.0.4:8080"): "shard2",
        ]
    }

    private func codes(_ request: ReshardRequest) -> [ReshardError.Code] {
        request.problems(map: map, nodes: nodes).map(\.code)
    }

    private func shard(_ text: String) throws -> ReshardRequest.NewShard { try ReshardRequest.NewShard(text) }
    private func move(_ text: String) throws -> ReshardRequest.SlotMove { try ReshardRequest.SlotMove(text) }

    @Test func whatMakesSenseIsTaken() throws {
        #expect(codes(ReshardRequest(add: [try shard("shard3=127.0.0.5:8080,127.0.0.55:8080")])).isEmpty)
        #expect(codes(ReshardRequest(remove: ["shard2", "shard0"])).isEmpty)
        #expect(codes(ReshardRequest(moves: [try move("0,16383=shard1")])).isEmpty)
        #expect(codes(ReshardRequest(policy: .ring)).isEmpty)
        #expect(codes(ReshardRequest(rebalances: true)).isEmpty)
        let all = ReshardRequest(
            add: [try shard("x=h:1")],
            remove: ["shard0"],
            moves: [try move("5=x")],
            policy: .modulo
        )
        #expect(codes(all).isEmpty)
        #expect(all.shards(after: map) == ["shard1", "shard2", "x"])
    }

    @Test func whatMakesNoneIsRefused() throws {
        #expect(codes(ReshardRequest()) == [.nothingAsked])
        #expect(codes(ReshardRequest(add: [try shard("shard1=h:1")])) == [.duplicate])
        #expect(codes(ReshardRequest(add: [try shard("a=h:1"), try shard("a=h:2")])) == [.duplicate])
        #expect(codes(ReshardRequest(add: [try shard("a=127.0.0.22:8080")])) == [.duplicate])
        #expect(codes(ReshardRequest(add: [try shard("a=h:1,h:1")])) == [.duplicate])
        #expect(codes(ReshardRequest(add: [try shard("a=h:1"), try shard("b=h:1")])) == [.duplicate])
        #expect(codes(ReshardRequest(add: [try shard("-a=h:1")])) == [.badName])
        #expect(codes(ReshardRequest(add: [try shard("a/b=h:1")])) == [.badName])
        #expect(codes(ReshardRequest(add: [try shard(String(repeating: "n", count: 65) + "=h:1")])) == [.badName])
        #expect(codes(ReshardRequest(remove: ["shard9"])) == [.unknownShard])
        #expect(codes(ReshardRequest(remove: ["shard1", "shard1"])) == [.duplicate])
        #expect(codes(ReshardRequest(remove: ["shard0", "shard1", "shard2"])) == [.badShardCount])
        #expect(codes(ReshardRequest(moves: [try move("1=shard9")])) == [.unknownShard])
        #expect(codes(ReshardRequest(moves: [try move("1-9=shard0"), try move("9=shard1")])) == [.badSlots])
        #expect(codes(ReshardRequest(remove: ["shard1"], moves: [try move("1=shard1")])) == [.contradiction])
        #expect(codes(ReshardRequest(moves: [.init(slots: SlotList(), shard: "shard0")])) == [.badSlots])
        let many = try (0...16381).map { try shard("n\($0)=h\($0):1") }
        #expect(codes(ReshardRequest(add: many)) == [.badShardCount])
        #expect(codes(ReshardRequest(add: Array(many.dropLast()))).isEmpty)
    }

    /// Every message says what it is about and what to do.
    @Test func messagesAreOneLineThatNamesTheCulprit() throws {
        let request = ReshardRequest(add: [try shard("shard1=127.0.0.3:8080")], remove: ["nowhere"])
        let messages = request.problems(map: map, nodes: nodes).map(\.message)
        #expect(messages.count == 3)
        #expect(messages[0].contains("shard1") && messages[1].contains("127.0.0.3:8080"))
        #expect(messages[2].contains("nowhere") && messages[2].contains("shard0, shard1, shard2"))
        #expect(messages.allSatisfy { !$0.contains("\n") && $0.utf8.count < 200 })
        #expect(throws: ReshardError.self) { try request.check(map: map, nodes: nodes) }
    }

    @Test(arguments: ["a", "a=", "=h:1", "a=h", "a=h:0", "a=h:1,", "a=[::1:1", ""])
    func newShardsThatAreNoneAreRefused(text: String) {
        #expect(throws: ReshardError.self) { try ReshardRequest.NewShard(text) }
    }

    @Test(arguments: ["5", "5=", "=a", "x=a", "5,=a", ""])
    func movesThatAreNoneAreRefused(text: String) {
        #expect(throws: ReshardError.self) { try ReshardRequest.SlotMove(text) }
    }

    @Test func argumentsAskForTheSameAgain() throws {
        let request = ReshardRequest(
            add: [try shard("x=[::1]:80,h:2")],
            remove: ["shard0"],
            moves: [try move("7-9,5=x")],
            policy: .ring
        )
        #expect(
            request.arguments(inForce: .fixed) == [
                "--add", "x=[::1]:80,h:2", "--remove", "shard0", "--move", "5,7-9=x", "--policy", "ring",
            ]
        )
        #expect(ReshardRequest(rebalances: true).arguments(inForce: .modulo) == ["--policy", "modulo"])
        #expect(ReshardRequest(moves: request.moves).arguments(inForce: .modulo) == ["--move", "5,7-9=x"])
        #expect(try shard(request.add[0].text) == request.add[0] && move(request.moves[0].text) == request.moves[0])
        #expect(try JSONDecoder().decode(ReshardRequest.self, from: JSONEncoder().encode(request)) == request)
    }

    // MARK: --shards N

    /// Shards that config.yaml has and the map does not come first; what is chosen beside them keeps clear of them.
    @Test func aNumberOfShardsTakesThoseThatWait() throws {
        let map = try PlacementPolicy.fixed.map(current: nil, shards: ["shard0", "shard1"])
        let nodes = [try NodeAddress("127.0.0.2:8080"): "shard0", try NodeAddress("127.0.0.3:8080"): "shard1"]
        let waiting = [try shard("shard2=127.0.0.4:8080,127.0.0.44:8080"), try shard("extra=127.0.0.5:8080")]
        func added(_ count: Int) throws -> [String] {
            try ReshardRequest.resizing(to: count, map: map, nodes: nodes, waiting: waiting).add.map(\.text)
        }
        #expect(try added(3) == [waiting[0].text])
        #expect(try added(4) == waiting.map(\.text))
        let all = try added(5)
        #expect(all.count == 3 && Array(all.prefix(2)) == waiting.map(\.text))
        let request = try ReshardRequest.resizing(to: 5, map: map, nodes: nodes, waiting: waiting)
        #expect(request.problems(map: map, nodes: nodes).isEmpty)
    }

    @Test func aNumberOfShardsPicksNamesAndAddresses() throws {
        let request = try ReshardRequest.resizing(to: 5, map: map, nodes: nodes, replicas: 1)
        #expect(
            request.add.map(\.text) == [
                "shard3=127.0.0.5:8080,127.0.0.7:8080", "shard4=127.0.0.6:8080,127.0.0.8:8080",
            ]
        )
        #expect(request.problems(map: map, nodes: nodes).isEmpty)
        #expect(
            try ReshardRequest.resizing(to: 1, map: map, nodes: nodes) == ReshardRequest(remove: ["shard1", "shard2"])
        )
    }

    @Test func aNumberOfShardsSkipsWhatIsUsed() throws {
        let map = try PlacementPolicy.fixed.map(current: nil, shards: ["n5", "n4"])
        let request = try ReshardRequest.resizing(to: 4, map: map, nodes: [try NodeAddress("127.0.0.1:7000"): "n4"])
        #expect(request.add.map(\.text) == ["n6=127.0.0.2:7000", "n7=127.0.0.3:7000"])
        let odd = try PlacementPolicy.fixed.map(current: nil, shards: ["alpha"])
        #expect(try ReshardRequest.resizing(to: 2, map: odd, nodes: [:]).add.map(\.text) == ["shard1=127.0.0.2:8080"])
        let many = try ReshardRequest.resizing(to: 400, map: odd, nodes: [:])
        #expect(many.problems(map: odd, nodes: [:]).isEmpty)
        #expect(many.add.last?.address.host == "127.0.1.144")
    }

    @Test func aNumberOfShardsThatCannotBeIsRefused() throws {
        for count in [0, -1, 3, 16385] {
            #expect(throws: ReshardError.self) { try ReshardRequest.resizing(to: count, map: map, nodes: nodes) }
        }
        var more = nodes
        more[try NodeAddress("10.0.0.1:8080")] = "shard2"
        let targetStrain = more
        #expect(throws: ReshardError.self) { try ReshardRequest.resizing(to: 4, map: map, nodes: targetStrain) }
        // Removing chooses no addresses.
        #expect(try ReshardRequest.resizing(to: 2, map: map, nodes: targetStrain).remove == ["shard2"])
    }
}
