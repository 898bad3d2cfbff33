import Glibc
import Model

/// The folder of a log: names, listing, renames and removals that are durable where durability demands it.
struct LogFolder: Sendable {
    let path: String
    let durability: Durability

    /// A new start after a snapshot that has been decided but not carried out; see `CommitLog.reset`.
    static let pendingReset = "reset.pending"
    private static let sequenceDigits = 20

    /// Makes the folder if it is missing.
    init(_ path: String, durability: Durability) throws(StorageError) {
        self.path = path
        self.durability = durability
        guard mkdir(path, 0o750) == 0 || errno == EEXIST else { throw LogFile.failure("create", path) }
        // Also where it was there: who made it may have died before this.
        try syncFolder(path + "/..")
    }

    /// The path of a file in the folder.
    func file(_ name: String) -> String { path + "/" + name }

    /// The path of the segment whose first record follows `base`.
    func segment(after base: Position) -> String {
        let digits = String(base.sequence + 1)
        return file(String(repeating: "0", count: LogFolder.sequenceDigits - digits.count) + digits + ".seg")
    }

    /// The first sequence a segment's name claims, nil when it is no segment's name.
    static func firstSequence(_ name: String) -> UInt64? {
        guard name.utf8.count == sequenceDigits + 4, name.hasSuffix(".seg") else { return nil }
        return UInt64(name.dropLast(4))
    }

    /// All names in the folder, sorted.
    func names() throws(StorageError) -> [String] {
        guard let folder = opendir(path) else { throw LogFile.failure("list", path) }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    func rename(_ old: String, to new: String) throws(StorageError) {
        guard Glibc.rename(old, new) == 0 else { throw LogFile.failure("rename to \(new) the file", old) }
    }

    /// Removes a file; one that is not there is fine.
    func remove(_ path: String) throws(StorageError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw LogFile.failure("remove", path) }
    }

    /// Makes renames and removals durable (nothing with `os` durability).
    func sync() throws(StorageError) { try syncFolder(path) }

    private func syncFolder(_ path: String) throws(StorageError) {
        guard durability == .fsync else { return }
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw LogFile.failure("open", path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw LogFile.failure("sync", path) }
    }

    /// Bytes free for this user on the file system, 0 when it will not say.
    func freeBytes() -> Int {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return 0 }
        return Int(
            clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue
        )
    }
}
