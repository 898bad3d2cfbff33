import Console
import Model
import Server
import Terminal
import Testing

@Suite struct FeedTests {
    private func text(_ state: ConsoleState) throws -> String { try ConsoleFixture.frame(state).plainText }

    @Test func eventsFollowTheEndUntilTheyAreMovedBack() throws {
        var state = ConsoleFixture.state()
        let many = (0..<100).map {
            ClusterEvent(unixSeconds: 1_700_000_000, severity: .info, text: "event number \($0).")
        }
        _ = state.update(.clusterEvents(many))
        _ = state.press(.character("7"))
        #expect(try text(state).contains("event number 99."))
        _ = state.press(.up, .pageUp)
        let before = try text(state)
        #expect(!before.contains("event number 99."))
        _ = state.update(.clusterEvents([ClusterEvent(unixSeconds: 1_700_000_000, severity: .info, text: "new")]))
        #expect(state.events.feed.shift > 1)
        let lines = before.split(separator: "\n").filter { $0.contains("event number") }
        #expect(try text(state).split(separator: "\n").filter { $0.contains("event number") } == lines)
        _ = state.press(.escape)
        #expect(state.events.feed.isFollowing && state.view == .events)
        #expect(try text(state).contains("new"))
    }

    @Test func aFilterAndAScopeShowLess() throws {
        var state = ConsoleFixture.state(options: ConsoleOptions(user: "ada@shore"))
        _ = state.type(":stop 127.0.0.22:8080")
        _ = state.press(.enter, .tab, .enter, .character("7"))
        #expect(try text(state).contains("ada@shore stop 127.0.0.22:8080: under way"))
        _ = state.press(.character("v"))
        #expect(state.events.scope == .events)
        #expect(!(try text(state).contains("ada@shore")))
        _ = state.press(.character("v"))
        #expect(!(try text(state).contains("shard0 opened")))
        _ = state.press(.character("v"), .character("/"))
        _ = state.type("OPENED shard0")
        _ = state.press(.enter)
        #expect(try text(state).contains("shard0 opened"))
        #expect(!(try text(state).contains("is running")))
        _ = state.press(.escape)
        #expect(state.events.feed.filter.isEmpty)
    }

    @Test func aStopIsDoneWhenTheStatusShowsIt() {
        var state = ConsoleFixture.state(options: ConsoleOptions(user: "ada@shore"))
        _ = state.type(":stop 127.0.0.22:8080")
        _ = state.press(.enter, .tab, .enter)
        #expect(state.events.audit.entries.map(\.outcome) == [.underWay])
        var shards = ConsoleFixture.shards
        shards[0].nodes[1].state = .stopped
        _ = state.update(.tick(ConsoleClock(milliseconds: 503_400, unixSeconds: 1_700_000_003)))
        let actions = state.update(.snapshot(ConsoleFixture.snapshot(shards, at: 503_000)))
        #expect(actions == [.audit("ada@shore: stop 127.0.0.22:8080: done in 3s")])
    }

    @Test func aStopThatNeverComesIsSaid() {
        var state = ConsoleFixture.state()
        _ = state.type(":stop 127.0.0.22:8080")
        _ = state.press(.enter, .tab, .enter)
        _ = state.update(.tick(ConsoleClock(milliseconds: 561_400, unixSeconds: 1_700_000_061)))
        _ = state.update(.snapshot(ConsoleFixture.snapshot(at: 561_000)))
        #expect(state.events.audit.entries.map(\.outcome) == [.bad])
        #expect(state.events.audit.entries[0].result == "not done: 127.0.0.22:8080 is running")
    }

    @Test func logsHaveALevelAndABound() throws {
        var state = ConsoleFixture.state(embedded: ["127.0.0.2:8080"])
        // On the smallest screen, all of where the other logs are.
        _ = state.press(.character("8"))
        _ = state.update(.resized(width: 40, height: 10))
        let words = try ConsoleFixture.frame(state).plainText.split { " │\n".contains($0) }.joined(separator: " ")
        #expect(words.contains("their logs are their standard output"), "\(words)")
        _ = state.update(.resized(width: 80, height: 24))
        _ = state.update(.logs(ConsoleFixture.logs))
        #expect(try text(state).contains("127.0.0.22:8080 and 2 others run on their own"))
        #expect(try text(state).contains("opens the engine"))
        #expect(try text(state).contains(#"\x1b[31m"#))
        _ = state.type(":level warning")
        _ = state.press(.enter)
        #expect(!(try text(state).contains("leads in term 4")))
        #expect(try text(state).contains("can't sync"))
        let line = LogLine(unixSeconds: 1, level: .error, text: "x")
        _ = state.update(.logs(Array(repeating: line, count: 5_000)))
        #expect(state.logs.lines.count == LogBook.linesMax)
    }

    @Test func theBookKeepsTheNewestLinesAndCutsLongOnes() {
        let book = LogBook()
        for number in 0..<(LogBook.linesMax + 5) {
            book.add(LogLine(unixSeconds: number, level: .info, text: String(repeating: "é", count: 3_000)))
        }
        let lines = book.drain()
        #expect(lines.count == LogBook.linesMax)
        #expect(lines.first?.unixSeconds == 5)
        #expect(lines.allSatisfy { $0.text.utf8.count <= 2_051 })
        #expect(book.drain().isEmpty)
    }
}
