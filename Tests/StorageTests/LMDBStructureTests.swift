import Foundation
import Model
import Storage
import Testing

/// The check of an LMDB file before it is opened: what LMDB has written passes it, whatever it has been through.
@Suite struct LMDBStructureTests {
    private static func key(_ number: Int) -> [UInt8] { Array("key-\(number)".utf8) }

    private func check(_ fixture: EngineFixture) throws {
        let path = fixture.root + "/engine/data.mdb"
        for most in [Int.max, 0] { try LMDBStructure.check(path, wholeBytesMax: most) }
    }

    private func apply(
        _ fixture: EngineFixture,
        _ numbers: Range<Int>,
        expiry: UInt64 = 0,
        _ value: (Int) -> [UInt8]?
    ) throws {
        for first in stride(from: numbers.lowerBound, to: numbers.upperBound, by: 250) {
            let writes = (first..<min(first + 250, numbers.upperBound)).map { number in
                let name = EngineKeyOfSlot(slot: UInt16(number % 300), key: Self.key(number))
                return EngineFixture.Write(name: name, value: value(number), expiry: expiry)
            }
            try fixture.apply(writes)
        }
    }

    @Test func whatWasNeverThereIsNew() throws {
        try LMDBStructure.check("/nowhere/data.mdb")
        let empty = FileManager.default.temporaryDirectory.path + "/shoal-empty-\(UUID().uuidString)"
        try Data().write(to: URL(filePath: empty))
        defer { try? FileManager.default.removeItem(atPath: empty) }
        try LMDBStructure.check(empty)
    }

    @Test func filesOfEachShapePass() throws {
        let fixture = try EngineFixture(.lmdb)
        try check(fixture)
        try fixture.put(1, Self.key(1), [1])
        try check(fixture)
        // Deep enough for pages that lead to pages.
        try apply(fixture, 0..<6_000) { [UInt8](repeating: 1, count: $0 % 700) }
        try check(fixture)
        try apply(fixture, 0..<200, expiry: 1 << 50) { [UInt8](repeating: 2, count: 1 + $0 * 500) }
        try check(fixture)
        try apply(fixture, 0..<5_500) { _ in nil }
        try check(fixture)
        // A list of free pages that fills pages of its own.
        try fixture.put(7, Self.key(7), [UInt8](repeating: 3, count: 12 << 20))
        try fixture.delete(7, Self.key(7))
        try fixture.put(7, Self.key(7), [1])
        try check(fixture)
        try fixture.engine.eraseAll()
        try check(fixture)
        try fixture.engine.finishInstall(position: Position(term: 1, sequence: 9))
        try check(fixture)
    }

    @Test func aFileThatIsCutShortIsRefused() throws {
        let fixture = try EngineFixture(.lmdb)
        for number in 0..<500 { try fixture.put(UInt16(number), Self.key(number), [UInt8](repeating: 1, count: 300)) }
        fixture.engine.close()
        let path = URL(filePath: fixture.root + "/engine/data.mdb")
        try Data(contentsOf: path).prefix(10 * 4096).write(to: path)
        let error = #expect(throws: StorageError.self) { try fixture.reopen() }
        #expect(error?.code == .corrupt)
        #expect(error?.message.contains("data.mdb is damaged at page") == true, "\(String(describing: error))")
    }
}
