import Glibc

/// Makes folders so that their names survive a loss of power.
package enum DurableFolder {
    /// Makes the folder if it is missing, and its name durable.
    ///
    /// Also where it was there: the process that made it may have died before the sync.
    /// - Parameter mode: permissions of a new one.
    package static func make(_ path: String, mode: mode_t = 0o700) throws(StorageError) {
        let isNew = mkdir(path, mode) == 0
        guard isNew || errno == EEXIST else { throw FolderListing.error(errno, "cannot create the folder \(path)") }
        let parent = open(path + "/..", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        let reason = parent < 0 || fsync(parent) != 0 ? errno : 0
        if parent >= 0 { close(parent) }
        // A folder that this user may not read, or that can't be written to, is another's, and so is what was in it.
        guard reason == 0 || !isNew && [EACCES, EROFS, EINVAL].contains(reason) else {
            throw FolderListing.error(reason, "cannot sync the folder of \(path)")
        }
    }

    /// Makes the folders above `path` that are missing, and the names of all durable: from the first of them on, and of the
    /// last one that was there, which may be a first start's that died before the sync.
    package static func makeParents(of path: String) throws(StorageError) {
        var parents: [String] = []
        var parent = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/").dropLast() {
            parent += "/" + part
            parents.append(parent)
        }
        let missing = parents.firstIndex { access($0, F_OK) != 0 } ?? parents.endIndex
        for parent in parents[max(0, missing - 1)...] { try make(parent, mode: 0o755) }
    }
}
