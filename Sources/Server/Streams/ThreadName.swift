import Glibc

/// The calling thread's name, as `top -H`, debuggers and tests see it.
package enum ThreadName {
    /// - Parameter name: 15 characters at the most. Where there is no /proc the thread goes without.
    package static func set(_ name: StaticString) {
        let descriptor = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        _ = write(descriptor, name.utf8Start, name.utf8CodeUnitCount)
        close(descriptor)
    }
}
