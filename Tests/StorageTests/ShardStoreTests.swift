import Model
import Storage
import Testing

@Suite struct ShardStoreTests {
    @Test(arguments: EngineKind.allCases) func showsAWriteOnlyOnceCommitted(kind: EngineKind) throws {
        let fixture = try StoreFixture(kind)
        fixture.write("a", "old")
        let number = fixture.queue("a", "new")
        #expect(try fixture.read("a") == "old")
        #expect(try fixture.read("a", pending: true) == "new")
        fixture.queue("a", nil)
        #expect(try fixture.read("a", pending: true) == nil)
        #expect(fixture.store.lock.withLock { fixture.store.awaitPending(fixture.port) } == number)
        fixture.store.commit()
        #expect(fixture.signals.committed == number)
        #expect(try fixture.read("a") == nil)
        #expect(fixture.store.lock.withLock { fixture.store.awaitPending(fixture.port) } == nil)
    }

    /// Two small bounds make eviction, engine reads, coalescing and replay all take part.
    @Test(arguments: EngineKind.allCases, [0, 1 << 12, 1 << 20])
    func agreesWithADictionaryThroughCrashes(kind: EngineKind, hotBytes: Int) throws {
        let fixture = try StoreFixture(kind) { options in
            options.hotBytesMax = hotBytes
            options.applyBytes = 20_000
            options.logKeepBytes = 0
        }
        var random = SeededGenerator(seed: UInt64(hotBytes) + 5)
        var model: [String: String] = [:]
        for step in 0..<6000 {
            let key = "k\(Int.random(in: 0..<400, using: &random))"
            let isDelete = Int.random(in: 0..<4, using: &random) == 0
            let value = isDelete ? nil : String(repeating: "v\(step)-", count: Int.random(in: 1..<30, using: &random))
            fixture.queue(key, value)
            model[key] = value
            if step % 7 == 0 { #expect(try fixture.read(key, pending: true) == value) }
            if step % 5 == 0 { fixture.store.commit() }
            if step % 1500 == 1499 {
                fixture.commitAll()
                try check(fixture, model)
                try check(try fixture.copyAsOfACrash(), model)
                try fixture.reopen()
                try check(fixture, model)
            }
        }
    }

    /// Nothing is applied before the copy is taken, so all of it comes from the log.
    @Test(arguments: EngineKind.allCases) func replaysWhatWasNotApplied(kind: EngineKind) throws {
        let fixture = try StoreFixture(kind) { $0.applyAgeMilliseconds = 3_600_000 }
        var model: [String: String] = [:]
        for step in 0..<2000 {
            let key = "k\(step * 7919 % 400)"
            let value = step % 3 == 0 ? nil : "v\(step)"
            fixture.write(key, value)
            model[key] = value
        }
        fixture.queue("k1", "never committed")
        let applied = fixture.store.status().appliedPosition
        #expect(applied < fixture.store.status().commitPosition)
        try check(try fixture.copyAsOfACrash(), model)
    }

    private func check(_ fixture: StoreFixture, _ model: [String: String]) throws {
        for number in 0..<400 {
            let key = "k\(number)"
            #expect(try fixture.read(key) == model[key], "\(key)")
        }
        let total = fixture.store.total()
        #expect(total.keys == UInt64(model.count))
        #expect(total.bytes == UInt64(model.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }))
    }

    @Test(arguments: EngineKind.allCases) func deletesWhatExpiresThroughTheLog(kind: EngineKind) throws {
        let fixture = try StoreFixture(kind)
        let now = Clock.wallMilliseconds()
        fixture.write("gone", "x", expiry: now - 1)
        fixture.write("kept", "y", expiry: now + 3_600_000)
        fixture.write("renewed", "z", expiry: now - 1)
        fixture.write("renewed", "z")
        #expect(try fixture.read("gone") == nil)
        // The applier looks at expiry after each round; rounds come by themselves.
        while fixture.store.total().keys > 2 { fixture.store.flushApplied() }
        #expect(try fixture.read("kept") == "y")
        #expect(try fixture.read("renewed") == "z")
    }

    /// The applier looks for expired keys all the time. When it finds none, what clients have queued is theirs to commit:
    /// it once took such writes along, and whoever called `commit` meanwhile came back before they were visible.
    @Test(arguments: EngineKind.allCases) func theApplierLeavesQueuedWritesToWhoQueuedThem(kind: EngineKind) throws {
        let fixture = try StoreFixture(kind)
        fixture.write("a", "1")
        let number = fixture.queue("b", "2")
        let end = Clock.monotonicMilliseconds() + ShardStoreTests.severalRounds
        while Clock.monotonicMilliseconds() < end {
            fixture.store.flushApplied()
            #expect(fixture.signals.committed < number)
            fixture.store.lock.withLock { fixture.store.lock.waitForProgress(milliseconds: 50) }
        }
        #expect(try fixture.read("b") == nil)
        fixture.store.commit()
        #expect(try fixture.read("b") == "2")
    }

    /// In milliseconds; the applier does a round each 200 at the latest.
    private static let severalRounds: UInt64 = 1000

    /// A new engine, and one that was filled by a snapshot, once told nobody to flush them: the log only grew.
    @Test(arguments: EngineKind.allCases, [false, true])
    func theLogIsCutByItself(kind: EngineKind, afterSnapshot: Bool) throws {
        let fixture = try StoreFixture(kind, leads: !afterSnapshot) { options in
            options.segmentBytes = 64 << 10
            options.engineFlushBytes = 128 << 10
            options.logKeepBytes = 0
        }
        if afterSnapshot {
            try fixture.store.beginInstall()
            try fixture.store.finishInstall(position: Position(term: 1, sequence: 1000))
            try fixture.store.becomeLeader()
        }
        let start = fixture.store.log.start
        let value = String(repeating: "v", count: 1000)
        let began = ContinuousClock.now
        while fixture.store.log.start == start {
            guard began.duration(to: .now) < .seconds(60) else { Issue.record("the log is never cut"); break }
            for number in 0..<100 { fixture.write("k\(number)", value) }
            fixture.store.flushApplied()
        }
        #expect(fixture.store.log.start <= fixture.store.engine.durablePosition)
        #expect(try fixture.read("k7") == value)
    }

    @Test(arguments: EngineKind.allCases) func beginsATermWithEachLeadership(kind: EngineKind) throws {
        let fixture = try StoreFixture(kind)
        #expect(fixture.store.commitPosition == Position(term: 1, sequence: 1))
        fixture.write("a", "1")
        try fixture.reopen()
        #expect(fixture.store.commitPosition == Position(term: 2, sequence: 3))
        #expect(try fixture.read("a") == "1")
    }

    @Test(arguments: EngineKind.allCases) func clearsSlotsForGood(kind: EngineKind) throws {
        let fixture = try StoreFixture(kind) { $0.hotBytesMax = 1 << 10 }
        var kept = 0
        let limit: UInt16 = 31
        for number in 0..<500 {
            fixture.write("k\(number)", "v\(number)")
            if StoreFixture.slot("k\(number)") > limit { kept += 1 }
        }
        #expect(try fixture.clear(0...limit) == UInt64(500 - kept))
        #expect(fixture.store.total().keys == UInt64(kept))
        for number in 0..<500 {
            let isKept = StoreFixture.slot("k\(number)") > limit
            #expect(try fixture.read("k\(number)") == (isKept ? "v\(number)" : nil))
        }
        fixture.write("k1", "again")
        try fixture.reopen()
        #expect(try fixture.read("k1") == "again")
    }

    /// A read that falls between the commit of a clear and its application must not bring the old value back for good.
    @Test(arguments: EngineKind.allCases) func aReadDuringAClearKeepsNothingOld(kind: EngineKind) throws {
        let fixture = try StoreFixture(kind) { $0.applyAgeMilliseconds = 60_000 }
        fixture.write("a", "old")
        try fixture.reopen()
        let slot = StoreFixture.slot("a")
        let replica = try StoreFixture(kind, leads: false, copyOf: try copyable(fixture)) {
            $0.applyAgeMilliseconds = 60_000
        }
        replica.store.advanceCommit(to: .max)
        replica.store.flushApplied()
        var builder = BatchBuilder()
        let last = [UInt8(slot >> 8), UInt8(slot & 0xFF)]
        last.withUnsafeBytes { _ = builder.append(LogRecord(kind: .clearSlots, slot: slot, key: $0)) }
        let end = replica.store.log.end
        try replica.store.appendReplicated([
            builder.seal(term: end.term, firstSequence: end.sequence + 1, commitSequence: end.sequence, wallTime: 1)
        ])
        replica.store.advanceCommit(to: end.sequence + 1)
        _ = try replica.read("a")
        replica.store.flushApplied()
        #expect(try replica.read("a") == nil)
    }

    private func copyable(_ fixture: StoreFixture) throws -> String {
        fixture.store.flushApplied()
        return fixture.root
    }

    @Test func asksWritersToWaitAndTellsThemOfRoom() throws {
        let fixture = try StoreFixture(.lmdb) { options in
            options.unappliedBytesMax = 100_000
            options.applyAgeMilliseconds = 3_600_000
        }
        var waited = false
        for number in 0..<1000 where !waited {
            let admission = fixture.store.lock.withLock { fixture.store.admit(bytes: 2000, port: fixture.port) }
            if case .wait = admission {
                waited = true
            } else {
                fixture.write("k\(number)", String(repeating: "x", count: 1900))
            }
        }
        #expect(waited)
        fixture.store.flushApplied()
        while fixture.signals.rooms == 0 { fixture.store.flushApplied() }
        let admission = fixture.store.lock.withLock { fixture.store.admit(bytes: 2000, port: fixture.port) }
        if case .admitted = admission {} else { Issue.record("no room though all is applied") }
    }
}
