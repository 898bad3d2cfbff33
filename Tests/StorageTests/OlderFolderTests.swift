import FoundationEssentials
import Glibc
import Model
import Storage
import Testing

/// Folders that an earlier program wrote, killed with writes that its engine did not have: they open unchanged.
@Suite struct OlderFolderTests {
    private struct Failure: Error { let text: String }

    /// Unpacks a folder of Tests/StorageTests/Fixtures beside which nothing is needed.
    private func unpack(_ name: String) throws -> String {
        let source = URL(filePath: #filePath).deletingLastPathComponent().path + "/Fixtures/\(name).tar.gz"
        let target = FileManager.default.temporaryDirectory.path + "/shoal-older-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
        var process = pid_t()
        let words = ["tar", "xzf", source, "-C", target]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for word in arguments { free(word) } }
        guard posix_spawnp(&process, "tar", nil, nil, &arguments, environ) == 0 else {
            throw Failure(text: "tar can't be started")
        }
        var status: Int32 = 0
        guard waitpid(process, &status, 0) == process, status == 0 else { throw Failure(text: "tar failed: \(source)") }
        return target
    }

    /// Written by the program of 00d482e: 500 keys but every seventh, odd ones, a counter; then 200 more before a kill.
    @Test(arguments: EngineKind.allCases) func opensWhole(kind: EngineKind) throws {
        let root = try unpack("before-stripes-\(kind.rawValue)")
        defer { try? FileManager.default.removeItem(atPath: root) }
        let folder = try DataFolder.open(
            path: root + "/127.0.0.91_7910",
            engine: kind,
            cluster: "fixture",
            shard: "shard0"
        )
        defer { folder.close() }
        let store = try ShardStore.open(folder: folder, kind: kind, options: ShardStore.Options()) { _ in }
        defer { store.close() }
        try store.becomeLeader()
        let port = store.makePort()
        func read(_ key: [UInt8]) throws -> [UInt8]? {
            var value: [UInt8]?
            try key.withUnsafeBytes { key in
                let (slot, hash) = (OlderFolderTests.slot(key), KeyHash.hash(key))
                let now = Clock.wallMilliseconds()
                let take: (StoredValue) -> Void = { value = Array($0.bytes) }
                guard store.readVisible(key: key, hash: hash, now: now, take) == .cold else { return }
                let view = try store.view(of: port)
                _ = try store.readEngine(slot: slot, key: key, hash: hash, view: view, now: now, take)
            }
            return value
        }
        func read(_ key: String) throws -> String? {
            try read(Array(key.utf8)).map { String(decoding: $0, as: UTF8.self) }
        }
        var wrong: [String] = []
        for number in 0..<500 {
            let expected = number % 7 == 0 ? nil : "value-\(number)"
            if try read("key-\(number)") != expected { wrong.append("key-\(number)") }
        }
        for number in 1000..<1200 where try read("late-\(number)") != "last" { wrong.append("late-\(number)") }
        #expect(wrong == [])
        #expect(try read(String(repeating: "k", count: 1000)) == "a long key")
        #expect(try read([0xFF, 0x00] + Array("bytes".utf8)) == [0x00, 0xFE])
        #expect(try read("large")?.utf8.count == 200_000)
        #expect(try read("expires") == "later")
        #expect(try read("gone") == nil)
        #expect(try read("counter") == "10")
    }

    /// The key's slot, as the cluster's: CRC16 modulo 16384, no hash tags in these keys.
    private static func slot(_ key: UnsafeRawBufferPointer) -> UInt16 {
        var checksum: UInt16 = 0
        for byte in key {
            checksum ^= UInt16(byte) << 8
            for _ in 0..<8 { checksum = checksum & 0x8000 != 0 ? checksum << 1 ^ 0x1021 : checksum << 1 }
        }
        return checksum & 0x3FFF
    }
}
