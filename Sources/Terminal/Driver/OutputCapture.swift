import Glibc

/// Keeps what the process prints off the screen: standard output and error go to a file until `restore`, if they
/// lead to a terminal now. One thread.
package final class OutputCapture {
    private var saved: [(descriptor: Int32, copy: Int32)] = []

    /// Appends to the file, made if it does not exist, readable by its owner only.
    package init(path: String) throws(TerminalError) {
        let file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            let reason = String(cString: strerror(errno))
            throw TerminalError(
                code: .system,
                message: "\(path): cannot open the console's log: \(reason); choose a folder that can be written to"
            )
        }
        defer { close(file) }
        for descriptor in [STDOUT_FILENO, STDERR_FILENO] where isatty(descriptor) == 1 {
            fflush(nil)
            let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
            guard copy >= 0 else { continue }
            saved.append((descriptor, copy))
            dup2(file, descriptor)
        }
    }

    deinit { restore() }

    /// Where `descriptor` led before; itself where nothing was changed.
    package func original(of descriptor: Int32) -> Int32 {
        saved.first { $0.descriptor == descriptor }?.copy ?? descriptor
    }

    /// Leads both back to where they went before. May be called again.
    package func restore() {
        fflush(nil)
        for (descriptor, copy) in saved {
            dup2(copy, descriptor)
            close(copy)
        }
        saved = []
    }
}
