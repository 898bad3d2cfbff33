import Glibc
import Storage

enum FolderPath {
    /// Makes the folders above `path`; `DataFolder` makes the last one itself.
    static func createParents(of path: String) throws(StorageError) {
        var parent = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/").dropLast() {
            parent += "/" + part
            if mkdir(parent, 0o755) != 0, errno != EEXIST {
                let code: StorageError.Code = errno == ENOSPC ? .diskFull : .io
                throw StorageError(code, "can't create the folder \(parent): \(String(cString: strerror(errno)))")
            }
        }
    }
}
