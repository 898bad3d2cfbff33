import Glibc

/// A file system of its own that is soon full: a tmpfs, unmounted with the test.
final class SmallDisk {
    let path: String
    private let folder: TestFolder

    /// Whether this user may mount at all; tests of full disks are skipped where not.
    static let isPermitted = (try? SmallDisk(mebibytes: 1)) != nil

    init(mebibytes: Int) throws {
        folder = try TestFolder()
        path = "\(folder.path)/disk"
        guard mkdir(path, 0o755) == 0 else { throw TestFailure("can't create \(path): errno \(errno)") }
        _ = try ChildProcess.runBlocking(["mount", "-t", "tmpfs", "-o", "size=\(mebibytes)m", "shoal-e2e", path])
    }

    func bytesFree() throws -> UInt64 {
        var disk = statvfs()
        guard statvfs(path, &disk) == 0 else { throw TestFailure("can't ask \(path): errno \(errno)") }
        return UInt64(disk.f_bavail) * UInt64(disk.f_frsize)
    }

    /// Lazily: a node that a failed test left behind may still have files open.
    deinit { _ = try? ChildProcess.runBlocking(["umount", "-l", path]) }
}
