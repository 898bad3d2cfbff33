import Glibc

/// Bytes in and out of the process, unbuffered.
enum StandardStreams {
    /// The largest value a node takes; reading on would only fill memory.
    private static let inputBytesMax = 16 << 20

    /// Writes all bytes to stdout. A reader that went away (`shoal scan | head`) ends the process quietly.
    static func write(_ bytes: [UInt8]) {
        guard write(bytes, to: STDOUT_FILENO) else {
            if errno == EPIPE { exit(ExitStatus.done.rawValue) }
            writeError("shoal: can't write to stdout: \(String(cString: strerror(errno)))\n")
            exit(ExitStatus.failed.rawValue)
        }
    }

    static func writeLine(_ text: String) { write(Array((text + "\n").utf8)) }

    static func writeError(_ text: String) { _ = write(Array(text.utf8), to: STDERR_FILENO) }

    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// All of stdin, up to the largest value.
    static func readAll() throws -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(STDIN_FILENO, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw CommandFailure(.failed, "can't read stdin: \(String(cString: strerror(errno)))")
            }
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<count])
            guard bytes.count <= inputBytesMax else {
                throw CommandFailure(.usage, "stdin has more than 16 MiB, the largest value: store it in parts")
            }
        }
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        signal(SIGPIPE, SIG_IGN)
        return bytes.withUnsafeBytes { buffer in
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

    /// Opens those on nothing that the caller has closed. Otherwise the first file or socket that is opened would get the
    /// number, and what is meant for the terminal or the log would be written into it. Using them is an error as before.
    static func openMissing() {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) == -1 && errno == EBADF {
            // The lowest free number is the one that is missing.
            let opened = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
            if opened >= 0, opened != descriptor { close(opened) }
        }
    }
}
