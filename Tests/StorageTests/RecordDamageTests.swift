import Foundation
import Model
import Storage
import Testing

/// What a disk gives back is not always what was written there.
@Suite struct RecordDamageTests {
    private static let keys = 200

    private static func key(_ number: Int) -> [UInt8] { Array("key-\(number)".utf8) }
    private static func slot(_ number: Int) -> UInt16 { UInt16(number * 37 % 512) }
    /// Every eighth fills pages of its own.
    private static func value(_ number: Int) -> [UInt8] {
        Array("value-\(number)-".utf8) + [UInt8](repeating: UInt8(number % 251), count: number % 8 == 0 ? 9_000 : 150)
    }

    private func fixture(_ kind: EngineKind) throws -> EngineFixture {
        let fixture = try EngineFixture(kind)
        for number in 0..<Self.keys { try fixture.put(Self.slot(number), Self.key(number), Self.value(number)) }
        try fixture.engine.flush()
        fixture.engine.close()
        return fixture
    }

    private struct Outcome {
        var refused = 0
        var damaged = 0
        var wrong: [String] = []
    }

    /// Reads everything one by one and as a whole.
    private func read(_ engine: any StorageEngine, _ what: String, _ outcome: inout Outcome) throws {
        let reader = try engine.makeReader()
        defer { reader.close() }
        var isDamaged = false
        for number in 0..<Self.keys {
            var found: [UInt8]?
            do {
                _ = try Self.key(number).withUnsafeBytes { key in
                    try reader.withValue(slot: Self.slot(number), key: key) { found = Array($0.bytes) }
                }
                if found != Self.value(number) {
                    outcome.wrong.append("\(what): key-\(number) \(found == nil ? "missing" : "wrong")")
                }
            } catch let error as StorageError {
                isDamaged = true
                #expect(error.code == .damaged || error.code == .corrupt, "\(error)")
            }
        }
        let snapshot = try engine.makeSnapshot()
        defer { snapshot.close() }
        var seen = 0
        do {
            try snapshot.scan(slots: 0...16383, after: nil) { _, key, value in
                let number = Int(String(decoding: key, as: UTF8.self).dropFirst(4)) ?? -1
                if number < 0 || number >= Self.keys || Array(value.bytes) != Self.value(number) {
                    outcome.wrong.append("\(what): a scan shows \(String(decoding: key, as: UTF8.self))")
                }
                seen += 1
                return true
            }
            if seen != Self.keys { outcome.wrong.append("\(what): a scan shows \(seen) keys") }
        } catch let error as StorageError {
            isDamaged = true
            #expect(error.code == .damaged || error.code == .corrupt, "\(error)")
        }
        if isDamaged { outcome.damaged += 1 }
    }

    /// Bits within values and keys, wherever their bytes are found in the file: no other page is touched, so nothing crashes.
    @Test func flippedBitsOfKeysAndValuesAreNeverServed() throws {
        let fixture = try fixture(.lmdb)
        let path = fixture.root + "/engine/data.mdb"
        let whole = try Data(contentsOf: URL(filePath: path))
        var outcome = Outcome()
        var random = SeededGenerator(seed: 7)
        var flips = 0
        for _ in 0..<120 {
            let number = Int.random(in: 0..<Self.keys, using: &random)
            let isKey = Bool.random(using: &random)
            let text = isKey ? Self.key(number) : Array("value-\(number)-".utf8)
            // All copies: one is the newest.
            var bytes = whole
            let bit = Int.random(in: 0..<(text.count * 8), using: &random)
            var start = bytes.startIndex
            while let found = bytes.range(of: Data(text), in: start..<bytes.endIndex) {
                bytes[found.lowerBound + bit / 8] ^= 1 << (bit % 8)
                start = found.upperBound
            }
            try bytes.write(to: URL(filePath: path))
            flips += 1
            do {
                try fixture.reopen()
                try read(fixture.engine, "bit \(bit) of \(isKey ? "key" : "value") \(number)", &outcome)
            } catch let error as StorageError {
                #expect(error.code == .corrupt, "\(error)")
                outcome.refused += 1
            }
            fixture.engine.close()
        }
        #expect(outcome.wrong.isEmpty, "\(outcome.wrong.prefix(5))")
        #expect(outcome.damaged + outcome.refused == flips, "\(outcome.damaged) damaged, \(outcome.refused) refused")
    }

    /// The record of one key, written over what is damaged, is whole again, and counted once.
    @Test(arguments: EngineKind.allCases) func writingAKeyAgainMendsIt(kind: EngineKind) throws {
        let fixture = try fixture(kind)
        if kind == .lmdb {
            let path = URL(filePath: fixture.root + "/engine/data.mdb")
            var bytes = try Data(contentsOf: path)
            var start = bytes.startIndex
            while let found = bytes.range(of: Data("value-3-".utf8), in: start..<bytes.endIndex) {
                bytes[found.lowerBound] ^= 1
                start = found.upperBound
            }
            try bytes.write(to: path)
        }
        try fixture.reopen()
        let before = fixture.engine.total
        try fixture.put(Self.slot(3), Self.key(3), Self.value(3))
        var outcome = Outcome()
        try read(fixture.engine, "written again", &outcome)
        #expect(outcome.wrong.isEmpty && outcome.damaged == 0, "\(outcome)")
        #expect(fixture.engine.total.keys == before.keys && fixture.engine.total.bytes == before.bytes)
    }

    /// One bit anywhere in the file: refused, harmless or damaged, never wrong or missing. Half of them where LMDB's own pages
    /// begin, which lead to all others. `SHOAL_LONG` makes it 2,000.
    @Test func noFlippedBitIsServedOrCrashes() throws {
        let fixture = try EngineFixture(.lmdb)
        // Some pages are free, some keys expire.
        for round in 0..<3 {
            for number in 0..<Self.keys where round == 2 || number % 3 == round {
                let expiry: UInt64 = number % 5 == 0 ? 1 << 50 : 0
                try fixture.put(Self.slot(number), Self.key(number), Self.value(number), expiry: expiry)
            }
        }
        fixture.engine.close()
        let path = URL(filePath: fixture.root + "/engine/data.mdb")
        let whole = try Data(contentsOf: path)
        let pages = whole.count / 4096
        var random = SeededGenerator(seed: 11)
        var outcome = Outcome()
        let flips = ProcessInfo.processInfo.environment["SHOAL_LONG"] == nil ? 300 : 2_000
        for flip in 0..<flips {
            var bytes = whole
            var at = Int.random(in: 0..<whole.count, using: &random)
            if flip % 2 == 0 {
                at = Int.random(in: 0..<pages, using: &random) * 4096 + Int.random(in: 0..<160, using: &random)
            }
            let bit = Int.random(in: 0..<8, using: &random)
            bytes[at] ^= 1 << bit
            try bytes.write(to: path)
            do {
                try fixture.reopen()
                try read(fixture.engine, "bit \(bit) of byte \(at)", &outcome)
                if fixture.engine.total.keys != UInt64(Self.keys) {
                    outcome.wrong.append("bit \(bit) of byte \(at): \(fixture.engine.total.keys) keys")
                }
                fixture.engine.close()
            } catch let error as StorageError {
                #expect(error.code == .corrupt, "\(error)")
                outcome.refused += 1
            }
        }
        let harmless = flips - outcome.refused - outcome.damaged
        print("\(flips) flips: \(outcome.refused) refused, \(outcome.damaged) damaged, \(harmless) harmless or wrong")
        #expect(outcome.wrong.isEmpty, "\(outcome.wrong.count): \(outcome.wrong.prefix(8))")
    }
}
