import CRocksDB
import Glibc
import Model

/// Opens the engine of a folder.
package enum EngineOpener {
    /// Opens or creates an engine.
    /// - Parameter folder: an engine's folder, or an empty or missing one (its parent must exist).
    /// - Throws: `.foreignFolder` for another engine's folder or one with other files, `.corrupt`, `.io`, `.engine`.
    package static func open(kind: EngineKind, folder: String) throws(StorageError) -> any StorageEngine {
        switch kind {
        case .lmdb: try LMDBEngine.open(folder: folder)
        case .rocksdb: try RocksDBEngine.open(folder: folder)
        }
    }

    /// Gives memory back to the system that a closed engine has left free: the C library keeps it otherwise.
    static func releaseFreeMemory() { shoal_release_free_memory() }

    /// The C library gives each thread a heap of its own, up to eight per core. An engine that is closed leaves holes in all
    /// of them: after a hundred reshards a node held three times what it used. With one per core, and at least this many,
    /// that is flat, at the same speed.
    private static let heapsMin = 2

    /// Called once, before the process starts threads that allocate.
    package static func limitHeaps() {
        shoal_limit_heaps(Int32(clamping: max(heapsMin, sysconf(Int32(_SC_NPROCESSORS_ONLN)))))
    }

    /// Makes the folder if it is missing, and refuses one that holds something else: both libraries would put their
    /// files beside whatever they find.
    static func prepare(folder: String, for kind: EngineKind) throws(StorageError) {
        try DurableFolder.make(folder)
        let names = try FolderListing.names(in: folder)
        if names.isEmpty || names.contains(where: { isMark($0, of: kind) }) { return }
        for other in EngineKind.allCases where other != kind && names.contains(where: { isMark($0, of: other) }) {
            let message =
                "\(folder) holds a \(other.rawValue) engine, not \(kind.rawValue): start with --db-type \(other.rawValue)"
            throw StorageError(.foreignFolder, message)
        }
        let message = "\(folder) holds files but no engine (such as \(names[0])): move them away or name another folder"
        throw StorageError(.foreignFolder, message)
    }

    /// Whether the file is one of an engine, or of one that had begun to be: a loss of power at the first start may leave any
    /// of them alone.
    private static func isMark(_ name: String, of kind: EngineKind) -> Bool {
        switch kind {
        case .lmdb: ["data.mdb", "lock.mdb"].contains(name)
        case .rocksdb:
            ["CURRENT", "IDENTITY", "LOCK", "LOG", RocksDBIngestion.folderName].contains(name)
                || ["MANIFEST-", "OPTIONS-"].contains { name.hasPrefix($0) }
                || [".sst", ".log", ".dbtmp"].contains { ending in
                    name.hasSuffix(ending) && name.dropLast(ending.count).allSatisfy(\.isNumber)
                }
        }
    }
}
