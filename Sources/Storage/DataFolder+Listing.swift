import Glibc

/// Names in a folder, its sync, and errors of system calls on it.
enum FolderListing {
    /// An error of a system call: what failed, and why in the system's words.
    static func error(_ code: Int32, _ what: String) -> StorageError {
        StorageError(code == ENOSPC || code == EDQUOT ? .diskFull : .io, "\(what): \(String(cString: strerror(code)))")
    }

    /// Sorted names of all entries but `.` and `..`.
    static func names(in folder: String) throws(StorageError) -> [String] {
        guard let directory = opendir(folder) else {
            throw FolderListing.error(errno, "cannot read the folder \(folder)")
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Whether the folder's disk has that many bytes left; true where it can't be asked.
    static func hasRoom(_ bytes: Int, in folder: String) -> Bool {
        var system = statvfs()
        guard statvfs(folder, &system) == 0 else { return true }
        return UInt64(system.f_bavail) * UInt64(system.f_frsize) >= UInt64(bytes)
    }

    /// Makes a file's contents durable.
    static func sync(file: String) throws(StorageError) {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FolderListing.error(errno, "cannot open \(file)") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw FolderListing.error(errno, "cannot sync \(file)") }
    }

    /// Makes the names in a folder durable.
    static func sync(_ folder: String) throws(StorageError) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FolderListing.error(errno, "cannot open the folder \(folder)") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw FolderListing.error(errno, "cannot sync the folder \(folder)") }
    }
}
