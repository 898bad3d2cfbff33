import Foundation
import Model
import Testing

@Suite struct PauseHistogramTests {
    @Test func pausesAreCountedByLength() {
        var pauses = PauseHistogram()
        #expect(pauses.quantile(0.99) == 0)
        for _ in 0..<98 { pauses.record(3) }
        pauses.record(40)
        pauses.record(5_000)
        #expect(pauses.total == 100 && pauses.max == 5_000)
        #expect(pauses.quantile(0.5) == 5 && pauses.quantile(0.99) == 50 && pauses.quantile(1) == 5_000)
        var sum = PauseHistogram()
        sum.record(1)
        sum.add(pauses)
        #expect(sum.total == 101 && sum.max == 5_000)
        var short = PauseHistogram()
        short.record(3)
        #expect(short.quantile(0.5) == 3)
    }

    @Test func histogramsOfAnotherShapeAreRefused() {
        let text = Data("{\"counts\":[1,2],\"max\":3}".utf8)
        #expect(throws: (any Error).self) { try JSONDecoder().decode(PauseHistogram.self, from: text) }
    }
}
