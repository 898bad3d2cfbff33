import Model
import Storage
import Testing

extension SlotSet {
    fileprivate init(_ slot: UInt16) {
        self.init()
        insert(slot...slot)
    }
}

/// Random operations on a hot table beside a dictionary; few hashes, so that probe chains are long and mixed.
@Suite struct HotTableTests {
    private struct Model {
        var version: UInt64
        var value: [UInt8]
        var isDeleted: Bool
        var slot: UInt16
    }

    private func key(_ number: Int) -> [UInt8] { Array("key-\(number)".utf8) }
    private func slot(_ number: Int) -> UInt16 { UInt16(number % 16) }

    private func publish(
        _ table: inout HotTable,
        _ number: Int,
        _ value: [UInt8]?,
        hash: UInt32,
        version: UInt64
    ) {
        key(number).withUnsafeBytes { key in
            (value ?? []).withUnsafeBytes { bytes in
                let kind: LogRecord.Kind = value == nil ? .delete : .put
                let record = LogRecord(kind: kind, slot: slot(number), key: key, value: bytes)
                table.publish(record, sequence: version, hash: hash)
            }
        }
    }

    /// What an engine would hold: key number to version and value.
    private typealias Engine = [[UInt8]: (version: UInt64, value: [UInt8])]

    /// Checks each entry against the engine before it, as counts rely on it, and applies it.
    private func apply(_ window: HotWindow, to engine: inout Engine) {
        var wrongHints = 0
        for case let entry? in window.entries {
            let key = Array(entry.key)
            switch entry.previous {
            case .unknown: break
            case .absent: wrongHints += engine[key] == nil ? 0 : 1
            case .present(let bytes, _): wrongHints += engine[key]?.value.count == bytes ? 0 : 1
            }
            engine[key] = entry.pointee.isDeleted ? nil : (entry.pointee.version, Array(entry.value))
        }
        #expect(wrongHints == 0, "an entry is wrong about what the engine holds")
    }

    @Test(arguments: [1, 7, 4096, 1 << 30]) func agreesWithADictionary(hashes: Int) {
        var random = SeededGenerator(seed: UInt64(hashes))
        var table = HotTable(bytesMax: 1 << 14)
        var model: [Int: Model] = [:]
        var engine: Engine = [:]
        // The window under way, and what it must make of the engine.
        var window: (HotWindow, [Int: Model])?
        let keys = hashes < 100 ? 300 : 6000
        for step in 1...40_000 {
            let version = UInt64(step)
            let number = Int.random(in: 0..<keys, using: &random)
            let hash = UInt32(number % hashes * 4096 + 1)
            let isDeleted = Int.random(in: 0..<5, using: &random) == 0
            let size = [0, 3, 60, 900].randomElement(using: &random) ?? 0
            let value = isDeleted ? nil : [UInt8](repeating: UInt8(truncatingIfNeeded: step), count: size)
            publish(&table, number, value, hash: hash, version: version)
            model[number] = Model(version: version, value: value ?? [], isDeleted: isDeleted, slot: slot(number))
            if step % 1000 == 0 { window = (table.takeWindow(through: version), model) }
            if step % 1000 == 300, let (taken, expected) = window {
                apply(taken, to: &engine)
                table.endWindow()
                window = nil
                check(engine, expected)
            }
            if step % 9973 == 0 {
                let doomed = UInt16(step % 16)
                table.clear(SlotSet(doomed), through: version)
                model = model.filter { $0.value.slot != doomed }
                // The applier clears the engine's slots before its next window.
                if let (taken, expected) = window {
                    apply(taken, to: &engine)
                    check(engine, expected)
                    table.endWindow()
                    window = nil
                }
                engine = engine.filter { entry in
                    let text = String(decoding: entry.key.dropFirst(4), as: UTF8.self)
                    return Int(text).map { slot($0) != doomed } ?? true
                }
            }
            if step % 2000 == 0 { check(table, model, hashes: hashes, applied: table.applied) }
        }
        table.reset(applied: 0)
        #expect(table.count == 0 && table.bytes == 0, "every byte that was counted is given back")
        #expect(table.dirtyBytes == 0 && table.takenBytes == 0)
    }

    private func check(_ engine: Engine, _ model: [Int: Model]) {
        let live = model.filter { !$0.value.isDeleted }
        #expect(engine.count == live.count)
        let wrong = live.filter { engine[key($0.key)]?.value != $0.value.value }
        #expect(wrong.isEmpty, "\(wrong.keys.sorted().prefix(5)) differ: a window is not the state at its end")
    }

    @Test func aTakenEntryStaysAsItWas() {
        var table = HotTable(bytesMax: 1 << 20)
        publish(&table, 1, [1], hash: 9, version: 1)
        let window = table.takeWindow(through: 1)
        publish(&table, 1, [2], hash: 9, version: 2)
        publish(&table, 1, [3, 3], hash: 9, version: 3)
        #expect(window.entries.compactMap(\.self).map { Array($0.value) } == [[1]])
        table.endWindow()
        let next = table.takeWindow(through: 3)
        #expect(next.entries.compactMap(\.self).map { Array($0.value) } == [[3, 3]])
        #expect(next.entries.compactMap(\.self).map(\.previous) == [.present(bytes: 1, expiry: 0)])
    }

    private func check(_ table: borrowing HotTable, _ model: [Int: Model], hashes: Int, applied: UInt64) {
        var found = 0
        var wrong = 0
        var lost = 0
        for (number, expected) in model {
            let hash = UInt32(number % hashes * 4096 + 1)
            key(number).withUnsafeBytes { key in
                guard let entry = table.find(key, hash: hash) else {
                    if expected.version > applied { lost += 1 }
                    return
                }
                found += 1
                let isSame =
                    entry.pointee.version == expected.version && entry.pointee.isDeleted == expected.isDeleted
                    && Array(entry.value) == expected.value
                if !isSame { wrong += 1 }
            }
        }
        #expect(wrong == 0, "an entry holds another write than the key's last")
        #expect(lost == 0, "an unapplied write is the only copy and must stay")
        #expect(found == table.count, "entries that belong to no key")
    }

    @Test func keepsItsBoundWhenTheSameKeysGrow() {
        var table = HotTable(bytesMax: 1 << 18)
        var version: UInt64 = 0
        for size in [8, 4000] {
            for number in 0..<2000 {
                version += 1
                let value = [UInt8](repeating: 1, count: size)
                publish(&table, number, value, hash: UInt32(number + 1), version: version)
                _ = table.takeWindow(through: version)
                table.endWindow()
            }
        }
        #expect(table.bytes < 1 << 19, "\(table.bytes) bytes, though everything but the last write is applied")
    }

    /// What a view of the engine showed for a key.
    private func seen(_ number: Int, _ value: [UInt8]) -> UnsafeMutablePointer<HotEntry> {
        key(number).withUnsafeBytes { key in
            value.withUnsafeBytes { HotEntry.copy(of: StoredValue(version: 1, expiry: 0, bytes: $0), key: key) }
        }
    }

    private func adopt(_ table: inout HotTable, _ number: Int, floor: UInt64) -> String {
        let entry = seen(number, [7])
        let outcome = table.adopt(entry, slot: slot(number), hash: UInt32(number + 1), floor: floor)
        switch outcome {
        case .adopted: return "adopted"
        case .newer(let newer):
            HotEntry.free(entry)
            return "newer \(newer.pointee.version)"
        case .cleared:
            HotEntry.free(entry)
            return "cleared"
        case .stale:
            HotEntry.free(entry)
            return "stale"
        }
    }

    /// The trap: an engine's view that is older than an eviction turns a miss into a stale read.
    @Test func adoptsOnlyWhatNoWriteCanHaveChanged() {
        var table = HotTable(bytesMax: 1 << 12)
        publish(&table, 1, [1], hash: 2, version: 1)
        #expect(adopt(&table, 1, floor: 0) == "newer 1")
        #expect(adopt(&table, 2, floor: 0) == "adopted")
        _ = table.takeWindow(through: 1)
        table.endWindow()
        // Push it out: from then on a view must be of after that window.
        for number in 10..<80 { #expect(["adopted", "stale"].contains(adopt(&table, number, floor: 1))) }
        #expect(adopt(&table, 1, floor: 0) == "stale")
        #expect(adopt(&table, 1, floor: 1) == "adopted")
        table.clear(SlotSet(slot(1)), through: 9)
        #expect(adopt(&table, 1, floor: 8) == "cleared")
        #expect(adopt(&table, 1, floor: 9) == "adopted")
    }
}
