import Glibc

/// Tells when a theme file has changed, without looking for it: the kernel reports what happens in the folders that
/// themes come from (inotify). One thread.
package final class ThemeWatcher {
    /// Readable when something happened; -1 where the system watches nothing, and then nothing is ever reported.
    package let descriptor: Int32

    /// The whole queue fits in one read most of the time; what does not is read in turn.
    private static let bufferSize = 16 * 1_024
    /// Written, or put in place of another by an editor, or removed.
    private static let events = UInt32(IN_CLOSE_WRITE) | UInt32(IN_MOVED_TO) | UInt32(IN_MOVED_FROM) | UInt32(IN_DELETE)

    /// Watches the folders that exist.
    package init(folders: [String]) {
        descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        watch(folders)
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Watches these folders, too; one that is watched already, or does not exist, changes nothing.
    package func watch(_ folders: [String]) {
        guard descriptor >= 0 else { return }
        for folder in folders { _ = inotify_add_watch(descriptor, folder, Self.events) }
    }

    /// Takes what has happened since the last call: whether a theme file may have changed. Never blocks.
    package func drain() -> Bool {
        guard descriptor >= 0 else { return false }
        var bytes = [UInt8](repeating: 0, count: Self.bufferSize)
        var hasChanged = false
        while true {
            let count = read(descriptor, &bytes, bytes.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return hasChanged }
            bytes.withUnsafeBytes { buffer in
                if Self.nameThemes(UnsafeRawBufferPointer(rebasing: buffer[..<count])) { hasChanged = true }
            }
        }
    }

    /// Whether one of the events is about a theme file, or some were lost. An event is 16 bytes (watch, mask, cookie,
    /// length of the name) and the name, padded with zeros.
    private static func nameThemes(_ events: UnsafeRawBufferPointer) -> Bool {
        var at = 0
        while at + 16 <= events.count {
            let mask = events.loadUnaligned(fromByteOffset: at + 4, as: UInt32.self)
            let length = Int(events.loadUnaligned(fromByteOffset: at + 12, as: UInt32.self))
            if mask & UInt32(IN_Q_OVERFLOW) != 0 { return true }
            guard at + 16 + length <= events.count else { return true }
            let name = events[(at + 16)..<(at + 16 + length)].prefix { $0 != 0 }
            if name.suffix(6).elementsEqual(".theme".utf8) { return true }
            at += 16 + length
        }
        return false
    }
}
