import Foundation
import Glibc
import Model
import Storage
import TestSupport
import Testing

/// Whole data folders on a disk that loses power: from the first start on they open without help, with all that was
/// acknowledged and nothing that was not written.
@Suite("Store on a disk that loses power") struct StorePowerCutTests {
    /// Seeds of each engine and rule; `make disks-long` asks for more.
    private static let seeds = UInt64(ProcessInfo.processInfo.environment["SHOAL_STORE_SEEDS"] ?? "") ?? 12

    /// What a node does to its folder until the power goes, and what may be found then.
    private struct Run {
        let disk: TestDisk
        let kind: EngineKind
        var random: SplitMix
        /// What each key may have; the last is the newest. nil: it is not there.
        var allowed: [String: [String?]] = [:]
        var number = 0

        var path: String { disk.root + "/data/cluster/node" }

        func open() throws -> StoreFixture {
            try DurableFolder.makeParents(of: path)
            return try StoreFixture(kind, at: path) { options in
                options.durability = .fsync
                options.segmentBytes = 64 << 10
            }
        }

        func check(_ fixture: StoreFixture) throws {
            for (key, values) in allowed {
                let found = try fixture.read(key)
                guard values.contains(found) else {
                    let known = values.map { $0?.prefix(8) ?? "missing" }
                    throw TestFailure("\(key) is \(found?.prefix(8) ?? "missing"), not one of \(known)")
                }
            }
            let total = fixture.store.total(patience: .max).keys
            let present = try allowed.keys.count { try fixture.read($0) != nil }
            guard total == UInt64(present) else {
                throw TestFailure("\(total) keys are counted, \(present) are there")
            }
        }

        mutating func step(_ fixture: StoreFixture) {
            switch Int.random(in: 0..<20, using: &random) {
            case 0: fixture.store.flushApplied()
            default:
                for _ in 0..<Int.random(in: 1...5, using: &random) {
                    number += 1
                    let key = "key-\(Int.random(in: 0..<12, using: &random))"
                    let value: String? =
                        Int.random(in: 0..<5, using: &random) == 0
                        ? nil : "\(number)" + String(repeating: ".", count: Int.random(in: 0..<2000, using: &random))
                    allowed[key, default: [nil]].append(value)
                    fixture.queue(key, value)
                }
                fixture.commitAll()
            }
        }

        /// What was acknowledged before the power went is all that may be there.
        mutating func settle() {
            guard !disk.isCut else { return }
            for (key, values) in allowed { allowed[key] = Array(values.suffix(1)) }
        }
    }

    private static func play(_ kind: EngineKind, _ rule: TestDisk.Rule, _ seed: UInt64, lies: Bool = false) throws {
        var run = Run(disk: try TestDisk(rule), kind: kind, random: SplitMix(seed: seed))
        if lies { run.disk.lie() }
        for round in 0..<5 {
            let calls = Int.random(in: 0..<500, using: &run.random)
            run.disk.cutPower(afterCalls: calls, seed: seed &* 100 &+ UInt64(round))
            do {
                let fixture = try run.open()
                if !run.disk.isCut { try run.check(fixture) }
                for _ in 0..<200 where !run.disk.isCut {
                    run.step(fixture)
                    run.settle()
                }
            }
            try run.disk.restart()
            // What is found after a loss of power is what there is from then on.
            let fixture = try run.open()
            try run.check(fixture)
            for key in run.allowed.keys { run.allowed[key] = [try fixture.read(key)] }
        }
    }

    @Test(arguments: EngineKind.allCases, TestDisk.Rule.allCases)
    func everySeedOpensWithWhatWasAcknowledged(kind: EngineKind, rule: TestDisk.Rule) {
        for seed in 1...Self.seeds {
            do {
                try Self.play(kind, rule, seed)
            } catch {
                Issue.record("\(kind), \(rule), seed \(seed): \(error)")
            }
        }
    }

    /// The test can find something: a disk whose syncs do nothing.
    @Test(arguments: EngineKind.allCases) func aDiskThatLiesIsFound(kind: EngineKind) {
        let found = (1...6).count { seed in (try? Self.play(kind, .posix, seed, lies: true)) == nil }
        #expect(found > 0)
    }

    /// One refused write of LMDB's first page: the engine can do nothing more, and the store says so at once instead of
    /// taking writes until its memory is full. Opened again it has everything.
    @Test func anEngineThatIsLostFailsTheStore() throws {
        let disk = try TestDisk(.oneJournal)
        var run = Run(disk: disk, kind: .lmdb, random: SplitMix(seed: 1))
        var isLost = false
        // The first page is one of the writes of a transaction; which one is LMDB's business.
        for number in 0..<5 {
            let fixture = try run.open()
            try run.check(fixture)
            disk.fail(.write, "data.mdb", error: ENOSPC, after: number % 4)
            run.allowed["key"] = ["\(number)"]
            fixture.write("key", "\(number)")
            let isSettled = Self.wait {
                let status = fixture.store.status()
                fixture.store.flushApplied(patience: 0)
                return status.failure != nil || status.appliedPosition == status.commitPosition
            }
            #expect(isSettled, "neither failed nor well again")
            disk.heal()
            isLost = isLost || fixture.store.failed?.code == .engineLost
        }
        try run.check(try run.open())
        #expect(isLost, "no write of the first page was refused")
    }

    private static func wait(_ condition: () -> Bool) -> Bool {
        let end = Clock.monotonicMilliseconds() + 10_000
        while !condition() {
            guard Clock.monotonicMilliseconds() < end else { return false }
            usleep(5_000)
        }
        return true
    }

    /// The first session of all, cut off at any moment: what was acknowledged in it is there, folders and all.
    @Test(arguments: EngineKind.allCases) func theFirstSessionSurvives(kind: EngineKind) throws {
        for seed in 1...UInt64(4) {
            let disk = try TestDisk(.posix)
            var run = Run(disk: disk, kind: kind, random: SplitMix(seed: seed))
            do {
                let fixture = try run.open()
                fixture.write("key", "value")
                disk.cutPower(afterCalls: 0, seed: seed)
            }
            run.allowed = ["key": ["value"]]
            try disk.restart()
            try run.check(try run.open())
        }
    }
}
