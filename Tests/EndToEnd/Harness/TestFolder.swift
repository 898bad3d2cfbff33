import Glibc

/// A folder of its own for one test, removed when the test is done with it.
final class TestFolder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/shoal-e2e.XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw TestFailure("mkdtemp: errno \(errno)") }
        path = String(cString: made)
    }

    deinit { _ = try? ChildProcess.start(["rm", "-rf", path], output: "/dev/null").waitBlocking() }

    func write(_ text: String, to name: String) throws -> String {
        try write(Array(text.utf8), to: name)
    }

    func write(_ bytes: [UInt8], to name: String) throws -> String {
        let file = "\(path)/\(name)"
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        guard descriptor >= 0 else { throw TestFailure("can't write \(file): errno \(errno)") }
        defer { close(descriptor) }
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress.map { $0 + sent }, $0.count - sent)
            }
            guard count > 0 else { throw TestFailure("can't write \(file): errno \(errno)") }
            sent += count
        }
        return file
    }

    static func read(_ file: String) -> [UInt8] {
        let descriptor = open(file, O_RDONLY)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            guard count > 0 else { return bytes }
            bytes.append(contentsOf: chunk[..<count])
        }
    }

    /// Writes bytes into the middle of a file that exists.
    static func overwrite(_ file: String, at offset: Int, with bytes: [UInt8]) throws {
        let descriptor = open(file, O_WRONLY)
        guard descriptor >= 0, pwrite(descriptor, bytes, bytes.count, off_t(offset)) == bytes.count else {
            throw TestFailure("can't overwrite \(file): errno \(errno)")
        }
        close(descriptor)
    }
}
