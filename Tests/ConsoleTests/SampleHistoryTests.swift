import Console
import Server
import Terminal
import Testing

@Suite struct SampleHistoryTests {
    private func record(_ history: inout SampleHistory, second: Int, state: NodeStatus.State = .running) {
        var node = ConsoleFixture.node("a:1", state: state)
        node.opsPerSecond = .init(read: second, write: 1)
        let shard = ConsoleFixture.shard(0, nodes: [node])
        history.record(ConsoleFixture.snapshot([shard], at: second * 1_000))
    }

    @Test func missingSecondsAreGapsAndOneSkippedSecondIsNot() {
        var history = SampleHistory()
        for second in [10, 11, 13, 17] { record(&history, second: second) }
        let reads = history.samples(of: .node("a:1"), last: 17, count: 9).map { $0?.rates.read }
        #expect(reads == [nil, 10, 11, 13, 13, nil, nil, nil, 17])
        #expect(history.samples(of: .cluster, last: 17, count: 1).first??.rates.read == 17)
    }

    @Test func aNodeThatDoesNotRunHasAGapNotAZero() {
        var history = SampleHistory()
        record(&history, second: 1)
        record(&history, second: 2, state: .stopped)
        record(&history, second: 3)
        let reads = history.samples(of: .shard("shard0"), last: 3, count: 3).map { $0?.rates.read }
        #expect(reads == [1, nil, 3])
    }

    @Test func fifteenMinutesAreKeptAndNoMore() {
        var history = SampleHistory()
        for second in 0..<2_000 { record(&history, second: second) }
        let all = history.samples(of: .cluster, last: 1_999, count: 1_200)
        #expect(all.count { $0 != nil } == SampleHistory.capacity)
        #expect(all.last??.rates.read == 1_999)
    }

    @Test func theGraphShowsTheGap() throws {
        let frame = try ConsoleFixture.frame(ConsoleFixture.state())
        // 20 seconds without samples are 9 to 10 columns without dots in the lowest line of the plot.
        let lowest = (0..<24).map(frame.text).first { $0.contains("0┤") } ?? ""
        #expect(lowest.contains(String(repeating: " ", count: 9) + "⢸"))
    }
}
