import Glibc

/// A file of a few bytes that is replaced as a whole: either the old or the new contents survive a crash.
package enum SmallFile {
    /// Larger files are not ours.
    private static let bytesMax = 64 << 10

    /// nil if there is no such file.
    package static func read(_ path: String) throws(StorageError) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw failure("can't open", path)
        }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: bytesMax)
        let count = Glibc.read(file, &bytes, bytesMax)
        guard count >= 0 else { throw failure("can't read", path) }
        return Array(bytes.prefix(count))
    }

    /// Written beside, synced, renamed, and the folder synced.
    package static func write(_ bytes: [UInt8], to path: String) throws(StorageError) {
        let temporary = path + ".new"
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure("can't create", temporary) }
        let count = Glibc.write(file, bytes, bytes.count)
        let isWritten = count == bytes.count && fsync(file) == 0
        let error = count >= 0 && count < bytes.count ? ENOSPC : errno
        close(file)
        guard isWritten else {
            errno = error
            throw failure("can't write", temporary)
        }
        guard rename(temporary, path) == 0 else { throw failure("can't replace", path) }
        let folder = path.split(separator: "/").dropLast().reduce(path.hasPrefix("/") ? "" : ".") { $0 + "/" + $1 }
        try FolderListing.sync(folder)
    }

    /// Also where there is none.
    package static func remove(_ path: String) throws(StorageError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw failure("can't remove", path) }
    }

    private static func failure(_ what: String, _ path: String) -> StorageError {
        StorageError(errno == ENOSPC ? .diskFull : .io, "\(what) \(path): \(String(cString: strerror(errno)))")
    }
}
