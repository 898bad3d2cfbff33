/// The end of a stopped node's commit log, found as docs/storage-format.md describes it.
struct LogTail {
    let segment: String
    /// Where the last whole batch begins and ends in the segment.
    let lastBatch: Int
    let end: Int

    private static let headerBytes = 4096

    init(of folder: String) throws {
        let found = try ChildProcess.runBlocking(["sh", "-c", "ls '\(folder)'/log/[0-9]*.seg | tail -n 1"])
        segment = String(found.prefix { $0 != "\n" })
        let bytes = TestFolder.read(segment)
        func number(at offset: Int) -> Int {
            bytes[offset..<(offset + 4)].reversed().reduce(0) { $0 << 8 | Int($1) }
        }
        var (last, next) = (0, Self.headerBytes)
        while next + 8 <= bytes.count, bytes[next..<(next + 4)].elementsEqual("SHOB".utf8) {
            (last, next) = (next, next + number(at: next + 4))
        }
        guard last > 0 else { throw TestFailure("no batch in \(segment)") }
        (lastBatch, end) = (last, next)
    }
}
