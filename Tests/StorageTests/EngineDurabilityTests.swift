import FoundationEssentials
import Model
import Storage
import Testing

/// What is still there after a reopen, a crash or a copy.
@Suite("Engine durability") struct EngineDurabilityTests {
    @Test(arguments: EngineKind.allCases) func reopenKeepsValuesCountsAndPosition(kind: EngineKind) throws {
        let fixture = try EngineFixture(kind)
        #expect(fixture.engine.isComplete)
        #expect(fixture.engine.appliedPosition == .zero)
        let position = try fixture.put(4, [1], [1, 2])
        try fixture.reopen()
        #expect(fixture.engine.appliedPosition == position)
        #expect(fixture.engine.durablePosition == position)
        #expect(fixture.engine.isComplete)
        #expect(fixture.engine.counts(of: 4...4) == [SlotCount(keys: 1, bytes: 3)])
        #expect(try fixture.get(4, [1])?.bytes == [1, 2])
    }

    @Test(arguments: EngineKind.allCases) func durablePositionIsWhatACrashLeaves(kind: EngineKind) throws {
        let fixture = try EngineFixture(kind)
        let flushed = try fixture.put(4, [1], [1], expiry: 10)
        try fixture.engine.flush()
        #expect(fixture.engine.durablePosition == flushed)
        let applied = try fixture.put(4, [2], [2], expiry: 20)
        #expect(fixture.engine.appliedPosition == applied)
        #expect(fixture.engine.durablePosition == (kind == .lmdb ? applied : flushed))
        let crashed = try fixture.crashCopy()
        #expect(crashed.appliedPosition == fixture.engine.durablePosition)
        #expect(crashed.total.keys == (kind == .lmdb ? 2 : 1))
        #expect(UInt64(try crashed.makeSnapshot().keys().count) == crashed.total.keys)
        crashed.close()
        try fixture.engine.flush()
        #expect(fixture.engine.durablePosition == applied)
    }

    @Test(arguments: EngineKind.allCases) func installIsIncompleteUntilFinished(kind: EngineKind) throws {
        let fixture = try EngineFixture(kind)
        try fixture.put(4, [1], [1])
        try fixture.engine.flush()
        try fixture.engine.eraseAll()
        #expect(fixture.engine.appliedPosition == .zero)
        #expect(fixture.engine.durablePosition == .zero)
        #expect(fixture.engine.total == SlotCount())
        try fixture.put(7, [7], [7])
        #expect(!fixture.engine.isComplete)
        let crashed = try fixture.crashCopy()
        #expect(!crashed.isComplete)
        crashed.close()
        try fixture.reopen()
        #expect(!fixture.engine.isComplete)
        let end = Position(term: 3, sequence: 50)
        try fixture.engine.finishInstall(position: end)
        let after = try fixture.crashCopy()
        #expect(after.isComplete)
        #expect(after.appliedPosition == end)
        #expect(try after.makeSnapshot().keys().map(\.slot) == [7])
        #expect(after.counts(of: 4...7).map(\.keys) == [0, 0, 0, 1])
        after.close()
    }

    @Test(arguments: EngineKind.allCases) func checkpointOpensAsAnEngine(kind: EngineKind) throws {
        let fixture = try EngineFixture(kind)
        let position = try fixture.put(4, [1], [1, 2, 3], expiry: 10)
        let target = fixture.root + "/checkpoint"
        try fixture.engine.checkpoint(to: target)
        try fixture.put(4, [2], [1])
        #expect(throws: StorageError.self) { try fixture.engine.checkpoint(to: target) }
        let copy = try EngineOpener.open(kind: kind, folder: target)
        #expect(copy.appliedPosition == position)
        #expect(copy.total == SlotCount(keys: 1, bytes: 4))
        #expect(try copy.makeReader().copy(4, [1])?.bytes == [1, 2, 3])
        copy.close()
    }

    @Test(arguments: EngineKind.allCases) func strangeFoldersAreRefused(kind: EngineKind) throws {
        let fixture = try EngineFixture(kind)
        fixture.engine.close()
        let other: EngineKind = kind == .lmdb ? .rocksdb : .lmdb
        #expect { try EngineOpener.open(kind: other, folder: fixture.root + "/engine") } throws: { error in
            let error = error as? StorageError
            return error?.code == .foreignFolder && error?.message.contains("--db-type \(kind.rawValue)") == true
        }
        let strange = fixture.root + "/strange"
        try FileManager.default.createDirectory(atPath: strange, withIntermediateDirectories: true)
        try Data("hello".utf8).write(to: URL(fileURLWithPath: strange + "/letter.txt"))
        #expect { try EngineOpener.open(kind: kind, folder: strange) } throws: { error in
            (error as? StorageError)?.code == .foreignFolder
        }
        let junk = fixture.root + "/junk"
        try FileManager.default.createDirectory(atPath: junk, withIntermediateDirectories: true)
        let name = kind == .lmdb ? "data.mdb" : "CURRENT"
        try Data(repeating: 0x5A, count: 8192).write(to: URL(fileURLWithPath: junk + "/" + name))
        #expect { try EngineOpener.open(kind: kind, folder: junk) } throws: { ($0 as? StorageError)?.code == .corrupt }
    }
}
