import Foundation
import Model
import Storage
import Testing

/// A loss of power may leave RocksDB's new `CURRENT` without the manifest that it names.
@Suite struct RocksDBManifestTests {
    private static func names(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix("MANIFEST-") }
    }

    @Test func theManifestBeforeIsNamedAgain() throws {
        let fixture = Folder()
        defer { fixture.remove() }
        let engine = try EngineOpener.open(kind: .rocksdb, folder: fixture.path)
        engine.close()
        let before = try #require(try Self.names(fixture.path).first)
        // As the next opening would, cut off before its folder's sync.
        try Data("MANIFEST-999999\n".utf8).write(to: URL(fileURLWithPath: fixture.path + "/CURRENT"))
        let again = try EngineOpener.open(kind: .rocksdb, folder: fixture.path)
        #expect(again.isComplete)
        again.close()
        #expect(before != "MANIFEST-999999")
    }

    /// Without any there is nothing to go by: it is refused, not begun anew.
    @Test func withoutAnyManifestItIsRefused() throws {
        let fixture = Folder()
        defer { fixture.remove() }
        try EngineOpener.open(kind: .rocksdb, folder: fixture.path).close()
        for name in try Self.names(fixture.path) {
            try FileManager.default.removeItem(atPath: fixture.path + "/" + name)
        }
        #expect(throws: StorageError.self) { try EngineOpener.open(kind: .rocksdb, folder: fixture.path) }
    }

    /// An engine's folder of one test.
    private struct Folder {
        let path = FileManager.default.temporaryDirectory.path + "/shoal-manifest-\(UUID().uuidString)"
        func remove() { try? FileManager.default.removeItem(atPath: path) }
    }
}
