import Console
import Model
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

    private func values(_ history: SampleHistory, last: Int, count: Int, step: Int, by way: SampleHistory.Combination)
        -> [Double?]
    {
        history.values(of: .node("a:1"), last: last, count: count, secondsPerStep: step, by: way) {
            Double($0.rates.read)
        }
    }

    @Test func stepsTakeSecondsTogether() {
        var history = SampleHistory()
        for second in 100..<120 where !(105..<110).contains(second) { record(&history, second: second) }
        // The last step has only three seconds yet; one of five without a sample is a gap.
        #expect(values(history, last: 117, count: 4, step: 5, by: .mean) == [102, nil, 112, 116])
        #expect(values(history, last: 117, count: 4, step: 5, by: .largest) == [104, nil, 114, 117])
        #expect(values(history, last: 119, count: 3, step: 1, by: .mean) == [117, 118, 119])
        // What a step tells does not change with the seconds after it.
        for last in 115...119 {
            #expect(values(history, last: last, count: 2, step: 5, by: .mean).first == 112)
        }
    }

    @Test func stepsBeforeTheHistoryAreGaps() {
        var history = SampleHistory()
        for second in 0..<2_000 { record(&history, second: second) }
        let all = values(history, last: 1_999, count: 100, step: 30, by: .largest)
        #expect(all.count == 100)
        // 900 seconds end with 20 of a step of 30, so they begin with 10 of one.
        #expect(all.compactMap(\.self).count == 31)
        #expect(all.suffix(31).allSatisfy { $0 != nil } && all.last == 1_999)
        #expect(values(history, last: -5, count: 3, step: 2, by: .mean) == [nil, nil, nil])
        #expect(values(history, last: 5, count: 0, step: 2, by: .mean).isEmpty)
    }

    @Test func theGraphShowsTheGap() throws {
        let frame = try ConsoleFixture.frame(ConsoleFixture.state())
        // 20 seconds without samples are 9 to 10 columns without dots in the lowest line of the plot.
        let lowest = (0..<24).map(frame.text).first { $0.contains("0┤") } ?? ""
        #expect(lowest.contains(String(repeating: " ", count: 9) + "⢸"))
    }
}
