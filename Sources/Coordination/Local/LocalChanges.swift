import Glibc

/// A small file beside the local coordinator's: `changes`, written after every change, so that other processes wake at
/// once (inotify).
///
/// A hint. A change whose writer died before it told of it is found by the watcher's own look.
final class LocalChanges: Sendable {
    private let changes: Int32
    /// -1 where the system has no inotify to spare (fs.inotify.max_user_instances).
    let notifications: Int32

    init(folder: String) throws(CoordinationError) {
        changes = try Self.open(folder + "/changes")
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
}
