import Glibc

/// RocksDB's list of its files, `MANIFEST-N`, and `CURRENT`, which names the one that counts.
enum RocksDBManifest {
    private static let prefix = "MANIFEST-"

    /// Names the newest manifest that is there, where `CURRENT` names one that is not.
    ///
    /// RocksDB begins a manifest at each opening and renames `CURRENT` before it syncs the folder. A file system that keeps
    /// names in no order (POSIX promises none) may then have the new `CURRENT` after a loss of power and not the manifest. The
    /// one before is whole: it is deleted only after that sync. What was written to the engine since is in the commit log.
    static func mend(_ folder: String) throws(StorageError) {
        let path = folder + "/CURRENT"
        guard let bytes = try SmallFile.read(path) else { return }
        let current = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first.map(String.init) ?? ""
        let names = try FolderListing.names(in: folder)
        guard current.hasPrefix(prefix), !names.contains(current) else { return }
        let numbers = names.filter { $0.hasPrefix(prefix) }.compactMap { name in
            UInt64(name.dropFirst(prefix.count)).map { (number: $0, name: name) }
        }
        guard let newest = numbers.max(by: { $0.number < $1.number }) else { return }
        try SmallFile.write(Array("\(newest.name)\n".utf8), to: path)
    }
}
