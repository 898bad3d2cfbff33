import FoundationEssentials
import Model
import Storage
import Testing

@Suite("Data folder") final class DataFolderTests {
    private let root: String

    init() throws {
        root = FileManager.default.temporaryDirectory.path + "/shoal-folder-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    private var path: String { root + "/node" }

    private func open(
        _ engine: EngineKind = .lmdb,
        cluster: String = "c1",
        shard: String = "s0",
        adopt: Bool = false
    ) throws -> DataFolder {
        try DataFolder.open(path: path, engine: engine, cluster: cluster, shard: shard, adopt: adopt)
    }

    private func expectRefusal(
        _ code: StorageError.Code,
        naming parts: [String],
        _ body: () throws -> DataFolder
    ) {
        #expect { try body() } throws: { error in
            guard let error = error as? StorageError else { return false }
            return error.code == code && !error.message.contains("\n")
                && parts.allSatisfy { error.message.contains($0) }
        }
    }

    @Test func keepsItsIdAcrossOpens() throws {
        let first = try open()
        let id = first.id
        #expect(id.count == 32)
        #expect(id.allSatisfy { $0.isHexDigit })
        #expect(FileManager.default.fileExists(atPath: first.logPath))
        #expect(first.enginePath == path + "/engine")
        first.close()
        let second = try open()
        #expect(second.id == id)
        #expect(second.marker.coordinator == "")
        let engine = try EngineOpener.open(kind: .lmdb, folder: second.enginePath)
        engine.close()
    }

    @Test func whoseItIsCanBeSeenWithoutTakingIt() throws {
        #expect(try DataFolder.occupant(of: path) == .nobody)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        #expect(try DataFolder.occupant(of: path) == .nobody)
        let folder = try open()
        #expect(try DataFolder.occupant(of: path) == .shard("s0", cluster: "c1"))
        folder.close()
        #expect(try DataFolder.occupant(of: path) == .shard("s0", cluster: "c1"))
        let other = root + "/other"
        try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: true)
        #expect(FileManager.default.createFile(atPath: other + "/thesis.txt", contents: nil))
        #expect(try DataFolder.occupant(of: other) == .stranger)
        #expect(try DataFolder.occupant(of: other + "/thesis.txt") == .stranger)
    }

    @Test func isHeldAgainstASecondOpen() throws {
        let first = try open()
        expectRefusal(.locked, naming: [path]) { try open() }
        first.close()
        try open().close()
    }

    @Test func refusesWhatBelongsToOthers() throws {
        try open().close()
        expectRefusal(.foreignFolder, naming: [path, "engine", "lmdb", "rocksdb", "--db-type lmdb"]) {
            try open(.rocksdb)
        }
        expectRefusal(.foreignFolder, naming: [path, "cluster", "c1", "c2"]) { try open(cluster: "c2", adopt: true) }
        expectRefusal(.foreignFolder, naming: [path, "shard", "s0", "s9", "--adopt"]) { try open(shard: "s9") }
        expectRefusal(.foreignFolder, naming: ["--db-type lmdb"]) { try open(.rocksdb, shard: "s9", adopt: true) }
        try open().close()
    }

    @Test func adoptionTakesTheShardUnderANewId() throws {
        let first = try open()
        let id = first.id
        first.close()
        let adopted = try open(shard: "s1", adopt: true)
        let newID = adopted.id
        #expect(newID != id)
        #expect(adopted.marker.shard == "s1")
        adopted.close()
        let again = try open(shard: "s1", adopt: true)
        #expect(again.id == newID)
        again.close()
        expectRefusal(.foreignFolder, naming: ["s1", "s0"]) { try open() }
    }

    @Test func refusesAFolderWithOtherFilesAndLeavesItAlone() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try Data("x".utf8).write(to: URL(fileURLWithPath: path + "/photo.jpg"))
        expectRefusal(.foreignFolder, naming: [path, "photo.jpg"]) { try open() }
        #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["photo.jpg"])
    }

    @Test func finishesAFirstStartThatWasCutShort() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try Data("{".utf8).write(to: URL(fileURLWithPath: path + "/shoal.json.new"))
        try Data().write(to: URL(fileURLWithPath: path + "/lock"))
        try open().close()
    }

    @Test(arguments: [
        ("", "not JSON"), ("{\"format\": 1", "not JSON"), ("{}", "format is missing"),
        (
            "{\"format\":1,\"engine\":\"lmdb\",\"cluster\":7,\"shard\":\"s0\",\"coordinator\":\"\",\"id\":\"\"}",
            "cluster"
        ),
        (
            "{\"format\":1,\"engine\":\"lmdb\",\"cluster\":\"c1\",\"shard\":\"s0\",\"coordinator\":\"\",\"id\":\"xy\"}",
            "id"
        ),
    ])
    func refusesADamagedMarker(text: String, reason: String) throws {
        try open().close()
        try Data(text.utf8).write(to: URL(fileURLWithPath: path + "/shoal.json"))
        expectRefusal(.corrupt, naming: [path + "/shoal.json", reason]) { try open() }
    }

    @Test func refusesANewerFormat() throws {
        try open().close()
        let marker = URL(fileURLWithPath: path + "/shoal.json")
        let text = String(decoding: try Data(contentsOf: marker), as: UTF8.self)
        try Data(text.replacing("\"format\" : 1", with: "\"format\" : 2").utf8).write(to: marker)
        expectRefusal(.foreignFolder, naming: ["format", "2", "1"]) { try open() }
    }
}
