import Glibc

extension DataFolder {
    /// Whose a folder is.
    package enum Occupant: Hashable, Sendable {
        /// There is no such folder, or nothing is in it: a node may make it its own.
        case nobody
        case shard(String, cluster: String)
        /// Files of something else than a Shoal node.
        case stranger
    }

    /// Says whose a folder is without taking it, also while a node has it open. Blocks on the file system.
    package static func occupant(of path: String) throws(StorageError) -> Occupant {
        var information = stat()
        guard stat(path, &information) == 0 else {
            if errno == ENOENT { return .nobody }
            throw FolderListing.error(errno, "cannot look at \(path)")
        }
        guard information.st_mode & S_IFMT == S_IFDIR else { return .stranger }
        if let marker = try DataFolderMarker.read(folder: path) {
            return .shard(marker.shard, cluster: marker.cluster)
        }
        return try FolderListing.names(in: path).allSatisfy(harmless.contains) ? .nobody : .stranger
    }
}
