import Glibc

extension ConfigEdit {
    /// Somebody who writes the file as often as this while it is changed is not a person.
    private static let attemptsMax = 5

    /// Makes the change in the file, as a whole or not at all: written beside it, synced and renamed. A file that is
    /// changed by somebody else meanwhile is read again. Blocks on the file system.
    /// - Returns: whether there was anything to change.
    /// - Throws: as `apply`, and when the file can't be read or replaced: it is then as it was.
    @discardableResult
    package func apply(toFile file: String) throws(ConfigError) -> Bool {
        // A link stays a link.
        let path = Self.resolved(file)
        for _ in 0..<Self.attemptsMax {
            let before = try ClusterConfig.readBytes(of: file)
            let after = try apply(to: before, file: file)
            if after == before { return false }
            if try Self.replace(path, with: after, ifStill: before, file: file) { return true }
        }
        throw Self.failure(file, "is changed by somebody else all the time; make the change when that has ended")
    }

    private static func resolved(_ file: String) -> String {
        guard let path = realpath(file, nil) else { return file }
        defer { free(path) }
        return String(cString: path)
    }

    private static func replace(
        _ path: String,
        with bytes: [UInt8],
        ifStill before: [UInt8],
        file: String
    ) throws(ConfigError) -> Bool {
        var information = stat()
        guard stat(path, &information) == 0 else { throw failed("cannot be read", file) }
        let temporary = "\(path).\(getpid()).new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, information.st_mode & 0o777)
        guard descriptor >= 0 else { throw failed("cannot be changed: \(temporary) can't be made", file) }
        var isWritten = write(bytes, to: descriptor) && fchmod(descriptor, information.st_mode & 0o777) == 0
        // Only root may give a file away; who may write the folder reads the result in any case.
        if isWritten { _ = fchown(descriptor, information.st_uid, information.st_gid) }
        isWritten = isWritten && fsync(descriptor) == 0
        let error = errno
        close(descriptor)
        guard isWritten else {
            unlink(temporary)
            errno = error
            throw failed("cannot be changed", file)
        }
        guard try ClusterConfig.readBytes(of: file) == before else {
            unlink(temporary)
            return false
        }
        guard rename(temporary, path) == 0 else {
            let error = errno
            unlink(temporary)
            errno = error
            throw failed("cannot be replaced", file)
        }
        try syncFolder(of: path, file)
        return true
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        bytes.withUnsafeBytes { buffer in
            var sent = 0
            while sent < buffer.count {
                let count = Glibc.write(descriptor, buffer.baseAddress.map { $0 + sent }, buffer.count - sent)
                if count < 0, errno == EINTR { continue }
                if count < 0 { return false }
                sent += count
            }
            return true
        }
    }

    private static func syncFolder(of path: String, _ file: String) throws(ConfigError) {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failed("is changed, but its folder can't be synced", file) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failed("is changed, but its folder can't be synced", file) }
    }

    private static func failed(_ what: String, _ file: String) -> ConfigError {
        failure(file, "\(what): \(String(cString: strerror(errno)))")
    }

    private static func failure(_ file: String, _ message: String) -> ConfigError {
        ConfigError(.init(file: file, line: nil, message: message))
    }
}
