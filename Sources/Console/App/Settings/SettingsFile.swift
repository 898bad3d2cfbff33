import Glibc

/// The file of the settings. It belongs to the console and not to a cluster, so that `--read-only` writes it, too. Of
/// two consoles the one that writes last is remembered; each write replaces the whole file at once.
package struct SettingsFile: Sendable {
    package static let name = "console.settings"
    /// More than all fields at their limits.
    static let bytesMax = 1 << 20

    package let path: String
    /// Why nothing can be written; told with what was read.
    private let folderProblem: String?

    package init(in folder: StateFolder) {
        path = "\(folder.path)/\(Self.name)"
        folderProblem = folder.problem
    }

    package var isWritable: Bool { folderProblem == nil }

    /// What was remembered, as far as it can be read, and one line for the user if something is wrong.
    package func load() -> (settings: ConsoleSettings, notice: String?) {
        guard folderProblem == nil else { return (ConsoleSettings(), folderProblem) }
        // A pipe in the file's place must not hold the console up.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return (ConsoleSettings(), errno == ENOENT ? nil : unreadable(errno)) }
        defer { close(file) }
        var about = stat()
        guard fstat(file, &about) == 0, about.st_mode & S_IFMT == S_IFREG, about.st_size <= Self.bytesMax else {
            return (ConsoleSettings(), "\(path): this is no file of settings: they begin as the first time")
        }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count <= Self.bytesMax {
            let count = read(file, &part, part.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return (ConsoleSettings(), unreadable(errno)) }
            guard count > 0 else { break }
            bytes += part[..<count]
        }
        let (settings, problem) = SettingsText.settings(of: bytes)
        return (settings, problem.map { "\(path):\($0); the default is used" })
    }

    private func unreadable(_ number: Int32) -> String {
        "\(path): can't read the settings: \(String(cString: strerror(number)).lowercased()); they begin as the first time"
    }

    /// Replaces the file: whoever reads sees the old one or the new one. Not synced: after a power failure the file may
    /// be the old one, or empty, which is as good as none, and the screen would have to wait for the disk.
    /// - Returns: what went wrong, for the user.
    package func save(_ settings: ConsoleSettings) -> String? {
        let new = "\(path).\(getpid())"
        var file = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        if file < 0, errno == EEXIST {
            // Of a console that died while writing and had this number.
            unlink(new)
            file = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        }
        guard file >= 0 else { return unwritable(errno) }
        var failure: Int32 = Self.write(Array(SettingsText.text(of: settings).utf8), to: file) ? 0 : errno
        if close(file) != 0, failure == 0 { failure = errno }
        if failure == 0, rename(new, path) != 0 { failure = errno }
        guard failure != 0 else { return nil }
        unlink(new)
        return unwritable(failure)
    }

    private func unwritable(_ number: Int32) -> String {
        "can't write \(path) (\(String(cString: strerror(number)).lowercased())): settings are not remembered"
    }

    private static func write(_ bytes: [UInt8], to file: Int32) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress.map { $0 + sent }, $0.count - sent) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }
}
