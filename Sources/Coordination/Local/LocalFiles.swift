import Glibc
import Storage
import Synchronization

/// The local coordinators' files that this process has open, one object per file however many nodes use it.
enum LocalFiles {
    /// A folder by what it is, whatever it is called.
    struct Key: Hashable, Sendable {
        var device: UInt
        var inode: UInt
    }

    private struct Use {
        var file: LocalFile
        var users: Int
    }

    private static let uses = Mutex<[Key: Use]>([:])

    /// The file of a folder, which is made if it is missing; `leave` must follow.
    static func join(folder: String) throws(CoordinationError) -> LocalFile {
        let key = try makeFolder(folder)
        let result = uses.withLock { uses -> Result<LocalFile, CoordinationError> in
            if let use = uses[key] {
                uses[key]?.users += 1
                return .success(use.file)
            }
            do throws(CoordinationError) {
                let file = try LocalFile(folder: folder, key: key)
                uses[key] = Use(file: file, users: 1)
                return .success(file)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Ends one use; the last one closes the file.
    static func leave(_ file: LocalFile, timeout: Duration) async {
        let isUnused = uses.withLock { uses in
            guard let key = uses.first(where: { $0.value.file === file })?.key, let use = uses[key] else {
                return false
            }
            uses[key]?.users = use.users - 1
            return use.users == 1
        }
        if isUnused { await file.close(timeout: timeout) }
    }

    /// Forgets the file and runs `end` if it has no users; no other use can begin meanwhile.
    static func endIfUnused(_ key: Key, _ end: () -> Void) -> Bool {
        uses.withLock { uses in
            if let use = uses[key], use.users > 0 { return false }
            uses[key] = nil
            end()
            return true
        }
    }

    private static func makeFolder(_ folder: String) throws(CoordinationError) -> Key {
        // The data directory itself may be missing, too, when the coordinator is what comes first.
        let parent = folder.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        do throws(StorageError) {
            for path in [parent, folder] where !path.isEmpty { try DurableFolder.make(path) }
        } catch {
            throw CoordinationError(.unavailable, error.message)
        }
        var info = stat()
        guard stat(folder, &info) == 0 else {
            throw CoordinationError(.unavailable, "cannot look at \(folder): \(String(cString: strerror(errno)))")
        }
        return Key(device: UInt(info.st_dev), inode: UInt(info.st_ino))
    }
}
