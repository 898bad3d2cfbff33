import Glibc

/// A small file beside a lock: the process that holds it, or held it last. A hint, for messages.
final class LocalHolder: Sendable {
    private let descriptor: Int32

    init(path: String) throws(CoordinationError) {
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw CoordinationError(.unavailable, "cannot open \(path): \(String(cString: strerror(errno)))")
        }
    }

    deinit { Glibc.close(descriptor) }

    /// Says that this process holds the lock.
    func hold() {
        let text = Array("\(getpid())".utf8)
        let bytes = text + [UInt8](repeating: UInt8(ascii: " "), count: max(0, 16 - text.count))
        _ = pwrite(descriptor, bytes, bytes.count, 0)
    }

    /// Who probably holds the lock, in words; empty if there is nothing to tell.
    var words: String {
        var bytes = [UInt8](repeating: 0, count: 16)
        guard pread(descriptor, &bytes, bytes.count, 0) > 0 else { return "" }
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
        let descriptor = open("/proc/\(process)/stat", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { Glibc.close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = read(descriptor, &bytes, bytes.count)
        // The name before it is in parentheses and may have some itself.
        guard count > 0, let end = bytes[..<count].lastIndex(of: UInt8(ascii: ")")), end + 2 < count else { return nil }
        return Character(UnicodeScalar(bytes[end + 2]))
    }
}
