import Model
import Testing

@Suite struct PositionTests {
    @Test(arguments: [Position.zero, Position(term: 3, sequence: 17), Position(term: .max, sequence: .max)])
    func readsWhatItPrints(position: Position) {
        #expect(Position(position.description) == position)
    }

    @Test(arguments: ["", "-", "1", "1-", "-1", "1-2-3", "a-1", "1-b", "1--2", "18446744073709551616-0"])
    func refusesTheRest(text: String) {
        #expect(Position(text) == nil)
    }

    /// Two histories can have the same length: the term counts first.
    @Test func theTermCountsFirst() {
        #expect(Position(term: 1, sequence: 9) < Position(term: 2, sequence: 1))
        #expect(Position(term: 2, sequence: 1) < Position(term: 2, sequence: 2))
        #expect(!(Position(term: 2, sequence: 1) < Position(term: 2, sequence: 1)))
    }
}
