import Glibc
import Model
import Synchronization

/// One node's data folder: proof of whose it is, held against other processes while open.
///
/// Layout: `shoal.json` (the marker), `lock`, `engine/`, `log/`, `ownership` (`OwnershipFile`).
package final class DataFolder: Sendable {
    /// The folder as it was named.
    package let path: String
    package let marker: DataFolderMarker
    /// Descriptor of the lock file, nil once closed.
    private let lock: Mutex<Int32?>

    /// The random id of the coordinator that this folder's history belongs to; empty before it joined one.
    package var coordinator: String { joined.withLock { $0 } }
    private let joined: Mutex<String>

    /// Random, 32 hexadecimal digits: the identity of this folder's history among the replicas of a shard.
    package var id: String { marker.id }
    /// For `EngineOpener`.
    package var enginePath: String { path + "/engine" }
    /// For `OwnershipFile`.
    var ownershipPath: String { path + "/ownership" }
    /// For the commit log; exists.
    package var logPath: String { path + "/log" }

    private static let lockName = "lock"
    /// What a first start that was cut short may leave without a marker.
    static let harmless = [lockName, DataFolderMarker.temporaryName]

    private init(path: String, marker: DataFolderMarker, lock: Int32) {
        self.path = path
        self.marker = marker
        self.lock = Mutex(lock)
        joined = Mutex(marker.coordinator)
    }

    deinit { close() }

    /// Opens a node's folder, or makes it one if it is missing or empty.
    /// - Parameters:
    ///   - path: the folder; its parent must exist.
    ///   - adopt: take over a copy of another shard's folder (same cluster and engine), under a new id.
    /// - Throws: `.foreignFolder` when it belongs to something else, `.locked`, `.corrupt`, `.io`, `.diskFull`.
    package static func open(
        path: String,
        engine: EngineKind,
        cluster: String,
        shard: String,
        adopt: Bool = false
    ) throws(StorageError) -> DataFolder {
        try DurableFolder.make(path)
        try refuseStrange(path)
        let lock = try takeLock(path)
        do throws(StorageError) {
            try refuseStrange(path)
            let wanted = DataFolderMarker(engine: engine, cluster: cluster, shard: shard)
            let marker = try settle(path, wanted: wanted, adopt: adopt)
            try DurableFolder.make(path + "/log")
            return DataFolder(path: path, marker: marker, lock: lock)
        } catch {
            _ = Glibc.close(lock)
            throw error
        }
    }

    /// Notes, durably, that the folder's history belongs to that coordinator from now on.
    package func join(coordinator id: String) throws(StorageError) {
        guard id != coordinator else { return }
        var changed = marker
        changed.coordinator = id
        try changed.write(folder: path)
        joined.withLock { $0 = id }
    }

    /// Lets other processes have the folder. Engine and log must be closed before.
    package func close() {
        lock.withLock { descriptor in
            if let open = descriptor { _ = Glibc.close(open) }
            descriptor = nil
        }
    }

    /// Looked at before anything is written, so that a mistyped path is left as it was.
    private static func refuseStrange(_ path: String) throws(StorageError) {
        let names = try FolderListing.names(in: path)
        if names.contains(DataFolderMarker.name) { return }
        guard let strange = names.first(where: { !harmless.contains($0) }) else { return }
        let message =
            "\(path) is not a data folder (it has \(strange) but no \(DataFolderMarker.name)): name an empty one"
        throw StorageError(.foreignFolder, message)
    }

    private static func takeLock(_ path: String) throws(StorageError) -> Int32 {
        let name = path + "/" + lockName
        let descriptor = Glibc.open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FolderListing.error(errno, "cannot open \(name)") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno
            _ = Glibc.close(descriptor)
            if reason == EWOULDBLOCK {
                throw StorageError(.locked, "\(path) is in use by another node: stop it, or name another folder")
            }
            throw FolderListing.error(reason, "cannot lock \(name)")
        }
        return descriptor
    }

    /// The marker the folder has from now on.
    private static func settle(
        _ path: String,
        wanted: DataFolderMarker,
        adopt: Bool
    ) throws(StorageError) -> DataFolderMarker {
        guard let found = try DataFolderMarker.read(folder: path) else {
            try wanted.write(folder: path)
            return wanted
        }
        switch try found.judge(wanted, adopt: adopt, folder: path) {
        case .mine: return found
        case .adopted:
            try wanted.write(folder: path)
            return wanted
        }
    }
}
