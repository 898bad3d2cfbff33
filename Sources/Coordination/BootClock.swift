import Glibc
import Model

/// The machine's clock since it booted, and which boot that is. Leases are counted by it: it goes on while the machine
/// sleeps, nobody sets it, and all processes of the machine read the same.
package enum BootClock {
    /// Milliseconds, rounded down.
    package static func milliseconds() -> UInt64 { Clock.bootNanoseconds() / 1_000_000 }

    /// The boot's random id; nil where the system doesn't tell (no /proc).
    package static func bootID() -> String? {
        let descriptor = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { Glibc.close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = read(descriptor, &bytes, bytes.count)
        guard count >= 36 else { return nil }
        return String(decoding: bytes[..<36], as: UTF8.self)
    }
}
