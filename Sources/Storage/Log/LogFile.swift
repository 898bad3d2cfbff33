import Glibc

/// An open file of the log: whole reads and writes, and errors that name the file.
///
/// Immutable, and every call carries its own offset, so any thread may use it.
final class LogFile: Sendable {
    let path: String
    let descriptor: Int32
    /// Whose descriptor it is, where it is another's.
    private let owner: LogFile?

    /// Zeros are written in pieces of this size: large enough for full disk speed, small enough to stop in between.
    static let zeroChunk = 1 << 20

    /// Opens an existing file, or with `creating` a new, empty one.
    init(_ path: String, writable: Bool = false, creating: Bool = false) throws(StorageError) {
        let flags = (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | (creating ? O_CREAT | O_TRUNC : 0)
        descriptor = open(path, flags, 0o640)
        self.path = path
        owner = nil
        if descriptor < 0 { throw LogFile.failure("open", path) }
    }

    /// The same file under the name that it has been given since.
    init(_ file: LogFile, renamed path: String) {
        descriptor = file.descriptor
        self.path = path
        owner = file
    }

    deinit { if owner == nil, descriptor >= 0 { close(descriptor) } }

    /// Bytes in the file.
    func size() throws(StorageError) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw LogFile.failure("examine", path) }
        return Int(status.st_size)
    }

    /// Writes all of `bytes` at `offset`.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(StorageError) {
        guard let base = bytes.baseAddress else { return }
        var done = 0
        while done < bytes.count {
            let count = pwrite(descriptor, base + done, bytes.count - done, offset + done)
            if count > 0 {
                done += count
            } else if errno != EINTR {
                throw LogFile.failure("write", path)
            }
        }
    }

    /// Writes `head`, and what follows its length in `bytes`, at `offset`: `bytes` with another beginning.
    func write(_ bytes: UnsafeRawBufferPointer, head: UInt32, at offset: Int) throws(StorageError) {
        let headBytes = MemoryLayout<UInt32>.size
        let rest = UnsafeRawBufferPointer(rebasing: bytes[headBytes...])
        let done = withUnsafeBytes(of: head.littleEndian) { head in
            [
                iovec(iov_base: UnsafeMutableRawPointer(mutating: head.baseAddress), iov_len: headBytes),
                iovec(iov_base: UnsafeMutableRawPointer(mutating: rest.baseAddress), iov_len: rest.count),
            ].withUnsafeBufferPointer { parts in
                while true {
                    let count = pwritev(descriptor, parts.baseAddress, Int32(parts.count), offset)
                    if count >= 0 || errno != EINTR { return count }
                }
            }
        }
        guard done >= headBytes else { throw LogFile.failure("write", path, done < 0 ? errno : ENOSPC) }
        try write(UnsafeRawBufferPointer(rebasing: bytes[done...]), at: offset + done)
    }

    /// Reads from `offset` until `buffer` is full or the file ends; returns the bytes read.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(StorageError) -> Int {
        guard let base = buffer.baseAddress else { return 0 }
        var done = 0
        while done < buffer.count {
            let count = pread(descriptor, base + done, buffer.count - done, offset + done)
            if count == 0 { break }
            if count > 0 {
                done += count
            } else if errno != EINTR {
                throw LogFile.failure("read", path)
            }
        }
        return done
    }

    /// fdatasync. Never retried: after a failure the kernel may have dropped the pages and would report success. So it is
    /// `.io` whatever the reason: a disk that is full at the sync has taken the write before, and lost it.
    func sync() throws(StorageError) {
        guard fdatasync(descriptor) != 0 else { return }
        throw StorageError(.io, LogFile.failure("sync", path).message)
    }

    /// Writes what the file seems to have in `range` once more, so that the next sync writes it to the disk. After a failed
    /// sync pages count as clean although the disk never got them; only that program knew, and it may be gone.
    func rewrite(_ range: Range<Int>) throws(StorageError) {
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: LogFile.zeroChunk, alignment: 8)
        defer { piece.deallocate() }
        var offset = range.lowerBound
        while offset < range.upperBound {
            let part = UnsafeMutableRawBufferPointer(rebasing: piece[..<min(piece.count, range.upperBound - offset)])
            guard try read(into: part, at: offset) == part.count else { throw LogFile.failure("read", path, EIO) }
            try write(UnsafeRawBufferPointer(part), at: offset)
            offset += part.count
        }
    }

    /// Overwrites `range` with zeros.
    func zero(_ range: Range<Int>) throws(StorageError) {
        guard let zeros = calloc(1, LogFile.zeroChunk) else { throw StorageError(.io, "out of memory for zeros") }
        defer { free(zeros) }
        var offset = range.lowerBound
        while offset < range.upperBound {
            let count = min(LogFile.zeroChunk, range.upperBound - offset)
            try write(UnsafeRawBufferPointer(start: zeros, count: count), at: offset)
            offset += count
        }
    }

    /// An error for `errno` as it stands; ENOSPC and EDQUOT become `.diskFull`.
    static func failure(_ verb: String, _ path: String, _ number: Int32 = errno) -> StorageError {
        let code: StorageError.Code = number == ENOSPC || number == EDQUOT ? .diskFull : .io
        return StorageError(code, "cannot \(verb) \(path): \(String(cString: strerror(number)))")
    }
}
