import Glibc

/// Two small files beside the local coordinator's: `changes`, written after every change, so that other processes wake
/// at once (inotify), and `holder`, with the process that holds, or last held, the write lock.
///
/// Both are hints. A change whose writer died before it told of it is found by the watcher's own look.
final class LocalChanges: Sendable {
    private let changes: Int32
    private let holder: Int32
    /// -1 where the system has no inotify to spare (fs.inotify.max_user_instances).
    let notifications: Int32

    init(folder: String) throws(CoordinationError) {
        changes = try Self.open(folder + "/changes")
        do throws(CoordinationError) {
            holder = try Self.open(folder + "/holder")
        } catch {
            Glibc.close(changes)
            throw error
        }
        let notifications = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
        if notifications >= 0, inotify_add_watch(notifications, folder + "/changes", UInt32(IN_MODIFY)) < 0 {
            Glibc.close(notifications)
            self.notifications = -1
        } else {
            self.notifications = notifications
        }
    }

    deinit {
        Glibc.close(changes)
        Glibc.close(holder)
        if notifications >= 0 { Glibc.close(notifications) }
    }

    private static func open(_ path: String) throws(CoordinationError) -> Int32 {
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw CoordinationError(.unavailable, "cannot open \(path): \(String(cString: strerror(errno)))")
        }
        return descriptor
    }

    /// Wakes the watchers of all processes. A failure costs them a quarter of a second.
    func tell() {
        var byte: UInt8 = 0
        _ = pwrite(changes, &byte, 1, 0)
    }

    /// Forgets the notifications that came.
    func drain() {
        guard notifications >= 0 else { return }
        var bytes = [UInt8](repeating: 0, count: 4096)
        while read(notifications, &bytes, bytes.count) > 0 {}
    }

    /// Says that this process holds the lock.
    func hold() {
        let text = Array("\(getpid())".utf8)
        let bytes = text + [UInt8](repeating: UInt8(ascii: " "), count: max(0, 16 - text.count))
        _ = pwrite(holder, bytes, bytes.count, 0)
    }

    /// Who probably holds the lock, in words; empty if there is nothing to tell.
    func holderInWords() -> String {
        var bytes = [UInt8](repeating: 0, count: 16)
        guard pread(holder, &bytes, bytes.count, 0) > 0 else { return "" }
        let digits = bytes.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard let process = Int32(String(decoding: digits, as: UTF8.self)), process != getpid() else { return "" }
        switch Self.state(of: process) {
        case "T", "t":
            return "; process \(process) holds it and is stopped: continue it (kill -CONT \(process)) or end it"
        case nil: return ""
        default: return "; process \(process) had it last"
        }
    }

    /// The letter that ps shows; nil if there is no such process.
    private static func state(of process: Int32) -> Character? {
        let descriptor = Glibc.open("/proc/\(process)/stat", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { Glibc.close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = read(descriptor, &bytes, bytes.count)
        // The name before it is in parentheses and may have some itself.
        guard count > 0, let end = bytes[..<count].lastIndex(of: UInt8(ascii: ")")), end + 2 < count else { return nil }
        return Character(UnicodeScalar(bytes[end + 2]))
    }
}
