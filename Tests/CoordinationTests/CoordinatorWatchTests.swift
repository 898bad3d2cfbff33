import Coordination
import Synchronization
import Testing

/// What a reader of a watch is told, whatever the backend does.
struct CoordinatorWatchTests {
    private static func entry(_ key: String, _ revision: UInt64) -> CoordinatorEntry {
        CoordinatorEntry(key: key, value: [UInt8(revision)], revision: revision)
    }

    @Test("The first event has everything, also when that is nothing")
    func firstEvent() async throws {
        let watch = CoordinatorWatch(prefix: "")
        let events = watch.makeAsyncIterator()
        watch.replace(with: CoordinatorRange(entries: [], revision: 4))
        #expect(await events.next() == .changes([], revision: 4))
    }

    @Test("What changes faster than it is read is told once, in its newest state")
    func coalesces() async throws {
        let watch = CoordinatorWatch(prefix: "")
        let events = watch.makeAsyncIterator()
        watch.replace(with: CoordinatorRange(entries: [Self.entry("a", 1), Self.entry("b", 2)], revision: 2))
        watch.apply([.put(Self.entry("a", 3))], revision: 3)
        watch.apply([.put(Self.entry("a", 4)), .deleted(key: "b", revision: 4)], revision: 4)
        let expected: [CoordinatorWatch.Change] = [.put(Self.entry("a", 4)), .deleted(key: "b", revision: 4)]
        #expect(await events.next() == .changes(expected, revision: 4))
    }

    @Test("After a gap only the difference is told, deletions included")
    func tellsDifference() async throws {
        let watch = CoordinatorWatch(prefix: "")
        let events = watch.makeAsyncIterator()
        let before = [Self.entry("a", 1), Self.entry("b", 2), Self.entry("c", 3)]
        watch.replace(with: CoordinatorRange(entries: before, revision: 3))
        _ = await events.next()
        watch.replace(with: CoordinatorRange(entries: [Self.entry("a", 1), Self.entry("c", 7)], revision: 9))
        let expected: [CoordinatorWatch.Change] = [.deleted(key: "b", revision: 9), .put(Self.entry("c", 7))]
        #expect(await events.next() == .changes(expected, revision: 9))
    }

    @Test("Changes seen twice are told once")
    func skipsOldChanges() async throws {
        let watch = CoordinatorWatch(prefix: "")
        let events = watch.makeAsyncIterator()
        watch.replace(with: CoordinatorRange(entries: [Self.entry("a", 5)], revision: 5))
        _ = await events.next()
        watch.apply([.put(Self.entry("a", 5)), .deleted(key: "a", revision: 4)], revision: 5)
        watch.apply([.put(Self.entry("b", 6))], revision: 6)
        #expect(await events.next() == .changes([.put(Self.entry("b", 6))], revision: 6))
    }

    @Test("An outage is told once, and again only after an answer")
    func tellsOutageOnce() async throws {
        let watch = CoordinatorWatch(prefix: "")
        let events = watch.makeAsyncIterator()
        watch.replace(with: CoordinatorRange(entries: [], revision: 1))
        _ = await events.next()
        let first = CoordinationError(.unavailable, "first")
        watch.interrupt(first)
        watch.interrupt(CoordinationError(.unavailable, "again"))
        #expect(await events.next() == .interrupted(first))
        watch.interrupt(CoordinationError(.unavailable, "and again"))
        watch.resume()
        let second = CoordinationError(.unavailable, "second")
        watch.interrupt(second)
        #expect(await events.next() == .interrupted(second))
    }

    @Test("The end of an outage is told even if nothing has changed")
    func tellsEndOfOutage() {
        let watch = CoordinatorWatch(prefix: "")
        let outage = CoordinationError(.unavailable, "nobody answers")
        // Asked without waiting: a word that does not come must not hold the test up.
        let told = Mutex<[CoordinatorWatch.Event?]>([])
        func expect(_ event: CoordinatorWatch.Event) {
            watch.next { event in told.withLock { $0.append(event) } }
            #expect(told.withLock { $0.last } == event)
        }
        watch.replace(with: CoordinatorRange(entries: [], revision: 1))
        expect(.changes([], revision: 1))
        watch.interrupt(outage)
        expect(.interrupted(outage))
        watch.resume()
        expect(.changes([], revision: 1))
        watch.interrupt(outage)
        expect(.interrupted(outage))
        watch.apply([], revision: 2)
        expect(.changes([], revision: 2))
        watch.cancel()
    }

    @Test("An outage that ends before it is told is not told, nor is its end")
    func skipsUnseenOutage() async throws {
        let watch = CoordinatorWatch(prefix: "")
        let events = watch.makeAsyncIterator()
        watch.replace(with: CoordinatorRange(entries: [], revision: 1))
        _ = await events.next()
        watch.interrupt(CoordinationError(.unavailable, "unseen"))
        watch.resume()
        watch.apply([.put(Self.entry("a", 2))], revision: 2)
        #expect(await events.next() == .changes([.put(Self.entry("a", 2))], revision: 2))
    }

    @Test("A question is answered once there is something, and in any case when the watch ends")
    func answersQuestions() {
        let watch = CoordinatorWatch(prefix: "")
        let told = Mutex<[CoordinatorWatch.Event?]>([])
        func ask() { watch.next { event in told.withLock { $0.append(event) } } }
        ask()
        #expect(told.withLock { $0.isEmpty })
        watch.replace(with: CoordinatorRange(entries: [], revision: 1))
        watch.apply([.put(Self.entry("a", 2))], revision: 2)
        watch.apply([.put(Self.entry("a", 3))], revision: 3)
        #expect(told.withLock { $0 } == [.changes([], revision: 1)])
        ask()
        ask()
        watch.cancel()
        ask()
        let expected: [CoordinatorWatch.Event?] = [
            .changes([], revision: 1), .changes([.put(Self.entry("a", 3))], revision: 3), nil, nil,
        ]
        #expect(told.withLock { $0 } == expected)
    }

    @Test("Cancelling the reader's task ends it")
    func endsWithItsTask() async throws {
        let watch = CoordinatorWatch(prefix: "")
        let reader = Task {
            var count = 0
            for await _ in watch { count += 1 }
            return count
        }
        watch.replace(with: CoordinatorRange(entries: [], revision: 1))
        reader.cancel()
        #expect(await reader.value <= 1)
        #expect(watch.isEnded)
    }
}
