import Coordination
import Foundation
import Routing
import TestSupport
import Testing

extension CoordinationSuite {
    /// What both backends promise.
    @Suite(.serialized) struct CoordinatorContractTests {
        @Test(
            "Keys are read as written, by prefix and alone, with rising revisions",
            arguments: CoordinatorKind.allCases
        )
        func readsWhatWasWritten(_ kind: CoordinatorKind) async throws {
            try await CoordinatorGround.with(kind) { ground in
                try await ground.withBackend { backend in
                    let first = try await backend.put("a/1", "one")
                    let second = try await backend.put("a/2", "")
                    let third = try await backend.put("b/1", String(repeating: "x", count: 300_000))
                    #expect(first < second && second < third)
                    let below = try await backend.read("a/")
                    #expect(below.entries.map(\.key) == ["a/1", "a/2"])
                    #expect(below.entries.map(\.revision) == [first, second])
                    #expect(below.entries.map(\.text) == ["one", ""])
                    #expect(below.revision == third)
                    #expect(try await backend.read("").entries.map(\.key) == ["a/1", "a/2", "b/1"])
                    #expect(try await backend.read("a/", isExact: true).entries.isEmpty)
                    let alone = try await backend.read("b/1", isExact: true).entries
                    #expect(alone.first?.value.count == 300_000)
                    _ = try await backend.transact([], [.delete(key: "a/1"), .delete(key: "nothing")])
                    #expect(try await backend.read("").entries.map(\.key) == ["a/2", "b/1"])
                }
                // Another cluster sees none of it.
                try await ground.withBackend(cluster: "contract2") { other in
                    let entries = try await other.read("").entries
                    #expect(entries.isEmpty)
                }
            }
        }

        @Test("A transaction happens if every comparison holds, else nothing does", arguments: CoordinatorKind.allCases)
        func comparesAndSwaps(_ kind: CoordinatorKind) async throws {
            try await CoordinatorGround.with(kind) { ground in
                try await ground.withBackend { backend in
                    let revision = try await backend.put("here", "1")
                    let operations: [CoordinatorOperation] = [
                        .put(key: "here", value: Array("2".utf8)), .put(key: "new", value: Array("n".utf8)),
                    ]
                    let refused: [[CoordinatorCompare]] = [
                        [.absent(key: "here")], [.present(key: "gone")], [.revision(key: "here", equals: revision + 1)],
                        [.revision(key: "gone", equals: revision)], [.unchanged(key: "here", revision: 0)],
                        [.revision(key: "here", equals: revision), .present(key: "gone")],
                    ]
                    for compares in refused {
                        let outcome = try await backend.transact(compares, operations, reading: ["other"])
                        guard case .conflict(_, let current) = outcome else {
                            Issue.record("\(compares) held")
                            continue
                        }
                        let isCompared = compares.contains { $0.key == "here" }
                        #expect(current["here"]?.text == (isCompared ? "1" : nil))
                        #expect(current["gone"] == nil)
                    }
                    #expect(try await backend.read("").entries.map(\.revision) == [revision])
                    let holding: [CoordinatorCompare] = [
                        .revision(key: "here", equals: revision), .absent(key: "new"), .present(key: "here"),
                    ]
                    let outcome = try await backend.transact(holding, operations, reading: ["here", "new"])
                    guard case .committed(let after, let read) = outcome else {
                        Issue.record("\(outcome)")
                        return
                    }
                    #expect(read["here"]?.text == "1" && read["new"] == nil)
                    #expect(try await backend.read("").entries.map(\.revision) == [after, after])
                }
            }
        }

        @Test("Of many who swap the same value, one wins each time", arguments: CoordinatorKind.allCases)
        func oneWins(_ kind: CoordinatorKind) async throws {
            try await CoordinatorGround.with(kind) { ground in
                try await ground.withBackend { backend in
                    let wins = try await withThrowingTaskGroup(of: Int.self) { group in
                        for _ in 0..<24 { group.addTask { try await Self.raise("n", 5, backend) } }
                        return try await group.reduce(0, +)
                    }
                    #expect(wins == 24 * 5)
                    #expect(try await backend.read("n").entries.first?.text == "120")
                    // All at one revision: exactly one.
                    let revision = try await backend.read("n").entries[0].revision
                    let winners = try await withThrowingTaskGroup(of: Bool.self) { group in
                        for index in 0..<32 {
                            group.addTask {
                                let outcome = try await backend.transact(
                                    [.revision(key: "n", equals: revision)],
                                    [.put(key: "n", value: Array("\(index)".utf8))]
                                )
                                if case .committed = outcome { return true }
                                return false
                            }
                        }
                        return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
                    }
                    #expect(winners == 1)
                }
            }
        }

        /// Raises a number by one, that many times; returns how often it did.
        private static func raise(_ key: String, _ times: Int, _ backend: any CoordinatorBackend) async throws -> Int {
            var done = 0
            while done < times {
                let entry = try await backend.read(key, isExact: true).entries.first
                let next = (entry.flatMap { Int($0.text) } ?? 0) + 1
                let outcome = try await backend.transact(
                    [.unchanged(key: key, revision: entry?.revision ?? 0)],
                    [.put(key: key, value: Array("\(next)".utf8))]
                )
                if case .committed = outcome { done += 1 }
            }
            return done
        }

        @Test(
            "A session that is not renewed ends, with its keys, not before its time",
            arguments: CoordinatorKind.allCases
        )
        func sessionsEnd(_ kind: CoordinatorKind) async throws {
            try await CoordinatorGround.with(kind) { ground in
                try await ground.withBackend { backend in
                    let kept = try await backend.grantSession(ttl: 2_000, timeout: .seconds(5))
                    let left = try await backend.grantSession(ttl: 2_000, timeout: .seconds(5))
                    #expect(kept.ttl >= 2_000 && kept.id != left.id)
                    try await backend.put("kept", "k", session: kept.id)
                    try await backend.put("left", "l", session: left.id)
                    #expect(try await backend.read("left").entries.first?.session == left.id)
                    let isGone = try await eventually(within: .seconds(15)) {
                        let renewed = try await backend.renewSession(kept.id, timeout: .seconds(5))
                        #expect(renewed.id == kept.id && renewed.sentAt <= BootClock.milliseconds())
                        return try await backend.read("left").entries.isEmpty
                    }
                    #expect(isGone)
                    let late = Int(BootClock.milliseconds()) - Int(left.sentAt + left.ttl)
                    print("\(kind): a session of \(left.ttl) ms was seen to have ended \(late) ms after its time")
                    #expect(BootClock.milliseconds() >= left.sentAt + 2_000)
                    #expect(try await backend.read("").entries.map(\.key) == ["kept"])
                    await Self.expectEnded(left.id, backend)
                    try await backend.endSession(kept.id, timeout: .seconds(5))
                    try await backend.endSession(kept.id, timeout: .seconds(5))
                    #expect(try await backend.read("").entries.isEmpty)
                    await Self.expectEnded(kept.id, backend)
                }
            }
        }

        /// It can neither be renewed nor used.
        private static func expectEnded(_ session: String, _ backend: any CoordinatorBackend) async {
            await expectCode(.sessionEnded) {
                _ = try await backend.renewSession(session, timeout: .seconds(5))
            }
            await expectCode(.sessionEnded) {
                try await backend.put("late", "x", session: session)
            }
        }

        @Test("Renewals go on while all threads of Swift's own pool are blocked", arguments: CoordinatorKind.allCases)
        func renewsBesideBlockedPool(_ kind: CoordinatorKind) async throws {
            try await CoordinatorGround.with(kind) { ground in
                try await ground.withBackend { backend in
                    let lease = try await backend.grantSession(ttl: 60_000, timeout: .seconds(5))
                    let renewals = TestCounter()
                    try await Self.blockPool(until: { renewals.value >= 5 }) {
                        while !Task.isCancelled, renewals.value < 5 {
                            _ = try await backend.renewSession(lease.id, timeout: .seconds(5))
                            renewals.raise()
                        }
                    }
                    #expect(renewals.value >= 5)
                }
            }
        }

        /// Runs `work` on coordination's executor while more tasks than there are threads block the pool, until
        /// `isDone`, or for so long that the test has failed.
        private static func blockPool(
            until isDone: @escaping @Sendable () -> Bool,
            _ work: @escaping @Sendable () async throws -> Void
        ) async throws {
            let blocked = TestCounter()
            let threads = ProcessInfo.processInfo.activeProcessorCount
            let isBlocked: @Sendable () -> Bool = { blocked.value >= threads }
            let end = ContinuousClock.now + .seconds(15)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<threads {
                    group.addTask {
                        blocked.raise()
                        // Blocks the pool's thread on purpose: that is what renewals must survive.
                        while !isDone(), ContinuousClock.now < end { usleep(1_000) }
                    }
                }
                group.addTask(executorPreference: CoordinationExecutor.shared) {
                    while !isBlocked() { await Task.yield() }
                    try await work()
                }
                try await group.waitForAll()
            }
        }

        @Test("A key goes with the session that wrote it last, or stays", arguments: CoordinatorKind.allCases)
        func keysChangeSessions(_ kind: CoordinatorKind) async throws {
            try await CoordinatorGround.with(kind) { ground in
                try await ground.withBackend { backend in
                    let old = try await backend.grantSession(ttl: 60_000, timeout: .seconds(5))
                    let new = try await backend.grantSession(ttl: 60_000, timeout: .seconds(5))
                    for key in ["stays", "moves", "goes"] { try await backend.put(key, "1", session: old.id) }
                    try await backend.put("stays", "2")
                    try await backend.put("moves", "2", session: new.id)
                    try await backend.endSession(old.id, timeout: .seconds(5))
                    #expect(try await backend.read("").entries.map(\.key) == ["moves", "stays"])
                    try await backend.endSession(new.id, timeout: .seconds(5))
                    #expect(try await backend.read("").entries.map(\.key) == ["stays"])
                }
            }
        }

        @Test("A watch tells what is there and then every change", arguments: CoordinatorKind.allCases)
        func watches(_ kind: CoordinatorKind) async throws {
            try await CoordinatorGround.with(kind) { ground in
                try await ground.withBackend { backend in
                    try await backend.put("w/before", "1")
                    try await backend.put("other", "1")
                    let session = try await backend.grantSession(ttl: 60_000, timeout: .seconds(5))
                    let watched = WatchedKeys()
                    let watch = backend.watch("w/")
                    let reader = Task { await watched.follow(watch) }
                    #expect(try await eventually { await watched.values == ["w/before": "1"] })
                    try await backend.put("w/tied", "t", session: session.id)
                    try await backend.put("w/before", "2")
                    #expect(try await eventually { await watched.values == ["w/before": "2", "w/tied": "t"] })
                    try await backend.endSession(session.id, timeout: .seconds(5))
                    #expect(try await eventually { await watched.values == ["w/before": "2"] })
                    _ = try await backend.transact([], [.delete(key: "w/before")])
                    #expect(try await eventually { await watched.values.isEmpty })
                    await withTaskGroup(of: Void.self) { group in
                        for writer in 0..<4 {
                            group.addTask {
                                for index in 0..<25 {
                                    _ = try? await backend.put("w/\(writer)", "\(index)")
                                }
                            }
                        }
                    }
                    let expected = Dictionary(uniqueKeysWithValues: (0..<4).map { ("w/\($0)", "24") })
                    #expect(try await eventually { await watched.values == expected })
                    #expect(await watched.interruptions.isEmpty)
                    watch.cancel()
                    await reader.value
                    #expect(await watched.isEnded)
                }
            }
        }

        @Test("What one backend could not take, neither takes", arguments: CoordinatorKind.allCases)
        func limits(_ kind: CoordinatorKind) async throws {
            try await CoordinatorGround.with(kind) { ground in
                try await ground.withBackend { backend in
                    let longest = String(repeating: "k", count: CoordinationLimits.keyBytesMax)
                    try await backend.put(longest, "x")
                    let largest = [UInt8](repeating: 7, count: CoordinationLimits.valueBytesMax)
                    _ = try await backend.transact([], [.put(key: "big", value: largest)])
                    #expect(try await backend.read("big").entries.first?.value == largest)
                    let bad: [([CoordinatorOperation], CoordinationError.Code)] = [
                        ([.put(key: longest + "k", value: [])], .tooLarge), ([.put(key: "", value: [])], .tooLarge),
                        ([.put(key: "big", value: largest + [1])], .tooLarge),
                        ([.put(key: "a", value: []), .delete(key: "a")], .badConfiguration),
                        ((0...CoordinationLimits.transactionMax).map { .delete(key: "\($0)") }, .tooLarge),
                    ]
                    for (operations, code) in bad {
                        await expectCode(code) {
                            _ = try await backend.transact([], operations)
                        }
                    }
                    let most = (0..<CoordinationLimits.transactionMax).map { CoordinatorOperation.delete(key: "\($0)") }
                    _ = try await backend.transact(most.map { .absent(key: $0.key) }, most)
                    await expectCode(.badConfiguration) {
                        _ = try await backend.grantSession(ttl: 1_999, timeout: .seconds(5))
                    }
                }
            }
        }

        @Test("A closed one refuses, and its watches end", arguments: CoordinatorKind.allCases)
        func closes(_ kind: CoordinatorKind) async throws {
            try await CoordinatorGround.with(kind) { ground in
                let watched = WatchedKeys()
                try await ground.withBackend { backend in
                    let watch = backend.watch("")
                    let reader = Task { await watched.follow(watch) }
                    try await backend.put("a", "1")
                    #expect(try await eventually { await watched.values == ["a": "1"] })
                    await backend.close()
                    await reader.value
                    await expectCode(.closed) {
                        _ = try await backend.read("")
                    }
                }
                // What was written stays.
                try await ground.withBackend { backend in
                    let entries = try await backend.read("a").entries
                    #expect(entries.first?.text == "1")
                }
            }
        }
    }
}
