import Console
import Model
import Testing

@Suite struct ChangeFeedTests {
    private static let clock = ConsoleFixture.clock

    private func snapshot(
        _ nodes: [NodeStatus],
        at milliseconds: Int = 500_000
    ) -> ClusterSnapshot { ConsoleFixture.snapshot([ConsoleFixture.shard(0, nodes: nodes)], at: milliseconds) }

    private func leader(_ changes: [NodeStatus.Change]? = nil, state: NodeStatus.State = .running) -> NodeStatus {
        var node = ConsoleFixture.node("a:1", state: state)
        node.leadership = ConsoleFixture.leadership(term: 9, [node])
        node.changes = changes
        return node
    }

    @Test func eachChangeIsToldOnceWithItsTimeAndGravity() {
        var feed = ChangeFeed()
        let first = NodeStatus.Change(number: 1, time: 100, gravity: .info, text: "follows b:1 in term 8")
        let second = NodeStatus.Change(number: 2, time: 107, gravity: .loss, text: "takes b:1 out of the in-sync set")
        let third = NodeStatus.Change(number: 3, time: 109, gravity: .gain, text: "lets b:1 into the in-sync set")
        #expect(
            feed.events(of: snapshot([leader([first])]), now: Self.clock).map(\.text) == ["a:1 follows b:1 in term 8"]
        )
        let news = feed.events(of: snapshot([leader([first, second, third])]), now: Self.clock)
        #expect(news.map(\.unixSeconds) == [107, 109])
        #expect(news.map(\.severity) == [.warning, .success])
        #expect(feed.events(of: snapshot([leader([second, third])]), now: Self.clock).isEmpty)
    }

    @Test func aRestartedNodeTellsAnewAndAnUnreachableOneRepeatsNothing() {
        var feed = ChangeFeed()
        let before = NodeStatus.Change(number: 1, time: 100, gravity: .info, text: "follows b:1 in term 8")
        let after = NodeStatus.Change(number: 1, time: 200, gravity: .info, text: "follows b:1 in term 8")
        _ = feed.events(of: snapshot([leader([before])]), now: Self.clock)
        _ = feed.events(of: snapshot([leader(nil)]), now: Self.clock)
        #expect(feed.events(of: snapshot([leader([before])]), now: Self.clock).isEmpty)
        #expect(feed.events(of: snapshot([leader([after])]), now: Self.clock).map(\.unixSeconds) == [200])
    }

    @Test func whatHappenedBeforeIsToldInTheOrderOfTimeAndBounded() {
        var feed = ChangeFeed()
        let nodes = (0..<20).map { index in
            var node = ConsoleFixture.node("n\(index):1", role: index == 0 ? .leader : .replica)
            node.changes = (0..<10).map { .init(number: $0, time: $0 * 100 + index, gravity: .info, text: "x") }
            return node
        }
        let past = feed.events(of: snapshot(nodes), now: Self.clock)
        #expect(past.count == 100)
        #expect(past.map(\.unixSeconds) == past.map(\.unixSeconds).sorted())
        #expect(past.last?.unixSeconds == 919)
    }

    @Test func aShardWithoutLeaderIsToldAfterAMomentAndSoIsItsEnd() {
        var feed = ChangeFeed()
        let gone = leader(state: .unreachable)
        _ = feed.events(of: snapshot([leader()]), now: Self.clock)
        #expect(feed.events(of: snapshot([gone], at: 501_000), now: Self.clock).isEmpty)
        var later = Self.clock
        later.unixSeconds += 1
        let told = feed.events(of: snapshot([gone], at: 502_000), now: later)
        #expect(told.map(\.text) == ["shard0 has no leader: it takes no writes until there is one"])
        // It began when it was first seen, not when it was certain.
        #expect(told.map(\.unixSeconds) == [Self.clock.unixSeconds])
        #expect(feed.events(of: snapshot([gone], at: 503_000), now: later).isEmpty)
        let ended = feed.events(of: snapshot([leader()], at: 504_200), now: later)
        #expect(ended.map(\.text) == ["shard0 is led by a:1 in term 9, after 3s without a leader"])
    }

    @Test func betweenTheLeadersOfASwitchoverNothingIsLost() {
        var feed = ChangeFeed()
        _ = feed.events(of: snapshot([leader()]), now: Self.clock)
        _ = feed.events(of: snapshot([leader(state: .starting)], at: 501_000), now: Self.clock)
        #expect(feed.events(of: snapshot([leader()], at: 501_100), now: Self.clock).isEmpty)
        // Starting up, no shard had a leader to lose.
        var fresh = ChangeFeed()
        #expect(fresh.events(of: snapshot([leader(state: .starting)]), now: Self.clock).isEmpty)
        #expect(fresh.events(of: snapshot([leader(state: .starting)], at: 509_000), now: Self.clock).isEmpty)
    }
}
