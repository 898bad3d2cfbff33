import Glibc

/// Wakes the UI thread out of `nextEvent`: "there is something new to show". Any thread may call it, also after the
/// terminal was closed; many calls before the UI thread looks count as one.
package final class TerminalWaker: Sendable {
    let reader: Int32
    private let writer: Int32

    package init() throws(TerminalError) {
        (reader, writer) = try TerminalWaker.makePipe()
    }

    deinit {
        close(reader)
        close(writer)
    }

    package func wake() {
        var byte: UInt8 = 1
        // A full pipe will wake the thread just as well.
        _ = write(writer, &byte, 1)
    }

    /// Waits until it was woken, until `descriptor` can be read, or the time has passed. For loops without a terminal: a
    /// `TerminalDriver` waits by itself. One thread.
    package func wait(alsoFor descriptor: Int32, milliseconds: Int32, isReadable: inout Bool) {
        var descriptors = [
            pollfd(fd: reader, events: Int16(POLLIN), revents: 0),
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
        ]
        isReadable = false
        guard poll(&descriptors, 2, milliseconds) > 0 else { return }
        isReadable = descriptors[1].revents != 0
        var bytes = [UInt8](repeating: 0, count: 512)
        if descriptors[0].revents != 0 { while read(reader, &bytes, bytes.count) > 0 {} }
    }

    /// A pipe whose ends neither block nor outlive an exec.
    static func makePipe() throws(TerminalError) -> (reader: Int32, writer: Int32) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw TerminalError(code: .system, message: "cannot make a pipe: \(String(cString: strerror(errno)))")
        }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        return (ends[0], ends[1])
    }
}
