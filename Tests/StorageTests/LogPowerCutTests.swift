import Foundation
import Glibc
import Model
import Storage
import TestSupport
import Testing

/// The commit log on a disk that loses power and fails: it opens without help, has all that was synced, and nothing that was
/// not appended.
@Suite("Log on a failing disk") struct LogPowerCutTests {
    /// Seeds of each rule; `make disks-long` asks for more.
    private static let seeds = UInt64(ProcessInfo.processInfo.environment["SHOAL_DISK_SEEDS"] ?? "") ?? 150

    /// Only this one, with a trace.
    private static let seed = UInt64(ProcessInfo.processInfo.environment["SHOAL_DISK_SEED"] ?? "")

    /// One log, what it was asked to keep, and what it may have.
    private struct Run {
        static let traces = LogPowerCutTests.seed != nil
        let disk: TestDisk
        var random: SplitMix
        var options = CommitLog.Options(segmentBytes: 32 << 10, durability: .fsync, spareSegments: 1)
        var log: CommitLog?
        /// The ends of all batches that the log may have.
        var appended: [Position] = []
        /// The log has at least what is up to here.
        var synced = Position.zero
        /// A new start that may have been made.
        var start: Position?
        var term: UInt64 = 0

        init(_ rule: TestDisk.Rule, seed: UInt64) throws {
            disk = try TestDisk(rule)
            random = SplitMix(seed: seed)
            options.spareSegments = Int(seed % 2)
        }

        mutating func open() throws {
            let log = try CommitLog.open(folder: disk.root + "/log", options: options)
            self.log = log
            term += 1
            let found = try LogFixture.positions(log)
            if let start, log.start == start, found.isEmpty {
                appended = []
                synced = start
            }
            start = nil
            // Nothing that is done from here on is on that disk.
            if disk.isCut { return }
            let expected = appended.filter { $0.sequence > log.start.sequence }
            guard found == Array(expected.prefix(found.count)) else {
                throw TestFailure("what was not appended is there")
            }
            guard log.end >= synced else { throw TestFailure("\(log.end) is all, but \(synced) was synced") }
            appended.removeAll { $0.sequence > log.end.sequence }
            synced = log.end
        }

        mutating func close() {
            log?.close()
            log = nil
        }

        /// Batches before one sync: one, as a leader writes, or several, as a replica that catches up does.
        private mutating func write(_ log: CommitLog, sync: Bool = true) throws {
            let count = Bool.random(using: &random) ? 1 : Int.random(in: 2...7, using: &random)
            for _ in 0..<count {
                let batch = LogFixture.batch(
                    after: log.end,
                    term: term,
                    bytes: Int.random(in: 1...900, using: &random)
                )
                appended.append(batch.end)
                try log.append(batch)
            }
            guard sync else { return }
            try log.sync()
            if !disk.isCut { synced = log.end }
        }

        private mutating func truncate(_ log: CommitLog) throws {
            let known = appended.filter { $0.sequence > log.start.sequence }
            guard let position = known.randomElement(using: &random) else { return }
            synced = min(synced, position)
            try log.truncate(after: position)
            if !disk.isCut { appended.removeAll { $0.sequence > position.sequence } }
        }

        private mutating func reset(_ log: CommitLog) throws {
            let position = Position(term: term, sequence: log.end.sequence + 100)
            start = position
            try log.reset(to: position)
            if !disk.isCut { (appended, synced, start) = ([], position, nil) }
        }

        /// What may happen to a log that is in use; true when it has to be opened again.
        mutating func step() throws -> Bool {
            guard let log, !disk.isCut else { return true }
            let way = Int.random(in: 0..<40, using: &random)
            if Self.traces { print("way \(way), end \(log.end), synced \(synced), segments \(log.segmentCount)") }
            switch way {
            case 0: try truncate(log)
            case 1: try reset(log)
            case 2..<5: try log.cut(below: UInt64.random(in: 0...log.end.sequence, using: &random))
            case 5:
                // The sync fails, the batch is in the page cache and not on the disk.
                disk.fail(.sync, "/0", error: [EIO, ENOSPC, EDQUOT].randomElement(using: &random) ?? EIO)
                defer { disk.heal() }
                do {
                    try write(log)
                    #expect(disk.isCut, "the sync did not fail")
                } catch let error as StorageError {
                    #expect(error.code == .io, "a failed sync is not a full disk: \(error)")
                }
                return true
            case 6:
                // No room for another segment, no descriptor, a sync of it that fails: refused, and then it goes on.
                disk.fail(.allocate, error: ENOSPC, times: -1)
                disk.fail(.open, "spare", error: EMFILE, times: -1)
                disk.fail(.sync, "spare", error: EIO, times: -1)
                defer { disk.heal() }
                for _ in 0..<40 {
                    let end = log.end
                    do {
                        try write(log, sync: false)
                    } catch let error as StorageError where error.code == .diskFull {
                        appended.removeAll { $0.sequence > log.end.sequence }
                        #expect(log.end >= end && log.poisoned == nil)
                    }
                }
                disk.heal()
                try write(log)
            case 7: try write(log, sync: false)
            default: try write(log)
            }
            return disk.isCut
        }
    }

    private static func play(_ rule: TestDisk.Rule, _ seed: UInt64, lies: Bool = false) throws {
        var run = try Run(rule, seed: seed)
        defer { run.close() }
        if lies { run.disk.lie() }
        for round in 0..<8 {
            if Bool.random(using: &run.random) {
                let calls = Int.random(in: 0..<300, using: &run.random)
                run.disk.cutPower(afterCalls: calls, seed: seed &* 100 &+ UInt64(round))
            }
            try run.open()
            for _ in 0..<Int.random(in: 1...60, using: &run.random) {
                if try run.step() { break }
            }
            run.close()
            if run.disk.isCut || Bool.random(using: &run.random) { try run.disk.restart() }
        }
    }

    @Test(arguments: TestDisk.Rule.allCases) func everySeedOpensWithWhatWasSynced(rule: TestDisk.Rule) {
        for seed in Self.seed.map({ $0...$0 }) ?? 1...Self.seeds {
            do {
                try Self.play(rule, seed)
            } catch {
                Issue.record("\(rule), seed \(seed): \(error)")
            }
        }
    }

    /// The test can find something: a disk whose syncs do nothing.
    @Test(arguments: TestDisk.Rule.allCases) func aDiskThatLiesIsFound(rule: TestDisk.Rule) {
        let found = (1...20).count { seed in (try? Self.play(rule, seed, lies: true)) == nil }
        #expect(found > 0)
    }

    // MARK: One case each

    /// A failed sync, a stop and a start, and then a loss of power: the batch that failed seemed to be there, and what was
    /// acknowledged behind it was out of reach.
    @Test func aFailedSyncIsNotBelievedByTheNextStart() throws {
        let disk = try TestDisk(.oneJournal)
        let options = CommitLog.Options(segmentBytes: 32 << 10, durability: .fsync, spareSegments: 0)
        var log = try CommitLog.open(folder: disk.root + "/log", options: options)
        // Batches of more than a page, so that the next one's sync would not write them along.
        try log.append(LogFixture.batch(after: log.end, bytes: 3000))
        try log.sync()
        disk.fail(.sync, error: EIO)
        try log.append(LogFixture.batch(after: log.end, bytes: 3000))
        #expect(throws: StorageError.self) { try log.sync() }
        log.close()
        log = try CommitLog.open(folder: disk.root + "/log", options: options)
        try log.append(LogFixture.batch(after: log.end, bytes: 3000))
        try log.sync()
        let synced = log.end
        log.close()
        try disk.restart()
        log = try CommitLog.open(folder: disk.root + "/log", options: options)
        #expect(log.end == synced)
        log.close()
    }

    /// Several batches in one sync, of which a disk keeps a later one: refused as damage before.
    @Test func aHoleInWhatWasNeverSyncedIsCut() throws {
        let fixture = LogFixture()
        defer { fixture.remove() }
        let log = try fixture.open()
        try LogFixture.fill(log, batches: 2)
        let synced = log.end
        let start = Int(log.endOffset) + 4096
        for _ in 0..<5 { try log.append(LogFixture.batch(after: log.end)) }
        log.close()
        let path = try #require(try fixture.segments.first)
        try LogFixture.edit(path) { bytes in for at in start..<start + 512 { bytes[at] = 0 } }
        var again = try fixture.open()
        #expect(again.end == synced && again.recovered.tornBytes > 0)
        // What stood behind the hole is gone, and does not come back.
        try LogFixture.fill(again, batches: 1)
        let end = again.end
        again.close()
        again = try fixture.open()
        #expect(again.end == end && again.recovered.tornBytes == 0)
        again.close()
    }

    /// Damage in what was synced is still told from that.
    @Test func aHoleInWhatWasSyncedIsRefused() throws {
        let fixture = LogFixture()
        defer { fixture.remove() }
        let log = try fixture.open()
        for _ in 0..<2 {
            for _ in 0..<5 { try log.append(LogFixture.batch(after: log.end)) }
            try log.sync()
        }
        log.close()
        let path = try #require(try fixture.segments.first)
        try LogFixture.edit(path) { bytes in bytes[4096 + 1200] ^= 1 }
        let error = #expect(throws: StorageError.self) { try fixture.open() }
        #expect(error?.code == .corrupt)
    }

    /// A batch that is read back for a replica is as it was sent, whichever way it stands in the file.
    @Test func batchesAreReadAsTheyWereAppended() throws {
        let fixture = LogFixture()
        defer { fixture.remove() }
        let log = try fixture.open()
        let batches = try (0..<6).map { _ in
            let batch = LogFixture.batch(after: log.end)
            try log.append(batch)
            return batch
        }
        try log.sync()
        let reader = try log.makeReader(after: .zero)
        for batch in batches {
            let found = try #require(try reader.next())
            #expect(Array(found.bytes) == Array(batch.bytes) && LogBatch.validating(found.bytes) != nil)
        }
        log.close()
    }
}
