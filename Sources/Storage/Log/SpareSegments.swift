import Glibc
import Model

/// Keeps zeroed or recycled segment files ready, so that rolling over never waits for the disk to allocate.
///
/// `@unchecked Sendable`: `ready`, `failure`, `stopping`, `counter` and `thread` are guarded by `mutex`.
final class SpareSegments: @unchecked Sendable {
    private let folder: LogFolder
    private let options: CommitLog.Options
    private let mutex = LogMutex()
    private var ready: [String]
    private var failure: StorageError?
    private var stopping = false
    private var counter: UInt64 = 0
    private var thread: pthread_t?

    /// A full disk is asked again after this, doubling up to the second number: quick to notice room, cheap to wait.
    private static let retryMilliseconds = (first: 250, most: 8000)

    /// - Parameter found: spare files of an earlier run, of the right size.
    init(_ folder: LogFolder, options: CommitLog.Options, found: [String]) {
        self.folder = folder
        self.options = options
        ready = found
        // A name must never be that of a spare found: making it would empty the other.
        counter = found.reduce(0) { max($0, SpareSegments.number(of: $1)) }
    }

    private static func number(of path: String) -> UInt64 {
        UInt64(path.split(separator: "-").last?.dropLast(4) ?? "") ?? 0
    }

    /// Starts the thread that prepares spares. Joined by `stop`.
    func start() throws(StorageError) {
        guard options.spareSegments > 0 else { return }
        let context = Unmanaged.passRetained(self)
        var started = pthread_t()
        let result = pthread_create(
            &started,
            nil,
            { context in
                if let context { Unmanaged<SpareSegments>.fromOpaque(context).takeRetainedValue().run() }
                return nil
            },
            context.toOpaque()
        )
        guard result == 0 else {
            context.release()
            throw StorageError(.io, "cannot start the log's thread: \(String(cString: strerror(result)))")
        }
        mutex.withLock { thread = started }
    }

    /// Stops and joins the thread; the spares stay for the next run.
    func stop() {
        let running = mutex.withLock { () -> pthread_t? in
            stopping = true
            mutex.wakeAll()
            defer { thread = nil }
            return thread
        }
        if let running { pthread_join(running, nil) }
    }

    /// Whether a segment can be had: there is a spare, or the disk has not refused one and claims to have room.
    var hasRoom: Bool {
        let (spares, refused) = mutex.withLock { (ready.count, failure != nil) }
        return spares > 0 || (!refused && folder.freeBytes() >= options.segmentBytes)
    }

    /// Why the last spare could not be made, nil when all is well.
    var lastFailure: StorageError? { mutex.withLock { failure } }

    /// A file of segment size under a temporary name, made on the spot if there is no spare.
    func take() throws(StorageError) -> String {
        let spare = mutex.withLock { () -> String? in
            defer { mutex.wakeAll() }
            return ready.isEmpty ? nil : ready.removeFirst()
        }
        if let spare { return spare }
        return try make(bytes: options.segmentBytes)
    }

    /// Makes a zeroed file of `bytes` bytes under a temporary name; a half-made one is deleted.
    func make(bytes: Int) throws(StorageError) -> String {
        let path = freshName("tmp")
        do throws(StorageError) {
            let file = try LogFile(path, writable: true, creating: true)
            let result = options.allocate(file.descriptor, bytes)
            if result != 0 { throw LogFile.failure("allocate \(bytes) bytes for", path, result) }
            if options.durability == .fsync { try file.sync() }
        } catch {
            unlink(path)
            throw error
        }
        return path
    }

    /// Takes over a segment that is no longer needed, or removes it when there are spares enough. Durable on return: a
    /// spare that is written to may not have its old name any more.
    func recycle(_ path: String, bytes: Int) throws(StorageError) {
        let wanted = mutex.withLock {
            ready.count < options.spareSegments && bytes == options.segmentBytes && !stopping
        }
        guard wanted else {
            try folder.remove(path)
            return try folder.sync()
        }
        let spare = freshName("seg")
        try folder.rename(path, to: spare)
        try folder.sync()
        mutex.withLock {
            ready.append(spare)
            failure = nil
            mutex.wakeAll()
        }
    }

    /// Removes all spares: before a reset, whose sequences may be lower than the stale ones in them.
    func removeAll() throws(StorageError) {
        let spares = mutex.withLock { () -> [String] in
            defer { ready = [] }
            return ready
        }
        for spare in spares { try folder.remove(spare) }
        mutex.withLock { mutex.wakeAll() }
    }

    private func freshName(_ ending: String) -> String {
        let number = mutex.withLock { () -> UInt64 in
            counter += 1
            return counter
        }
        return folder.file("spare-\(number).\(ending)")
    }

    private func run() {
        var backoff = SpareSegments.retryMilliseconds.first
        while waitUntilNeeded() {
            do throws(StorageError) {
                let made = try make(bytes: options.segmentBytes)
                let spare = freshName("seg")
                try folder.rename(made, to: spare)
                mutex.withLock {
                    ready.append(spare)
                    failure = nil
                }
                backoff = SpareSegments.retryMilliseconds.first
            } catch {
                mutex.withLock {
                    failure = error
                    if !stopping { mutex.wait(milliseconds: backoff) }
                }
                backoff = min(backoff * 2, SpareSegments.retryMilliseconds.most)
            }
        }
    }

    /// Returns true when a spare is missing, false when the log closes.
    private func waitUntilNeeded() -> Bool {
        mutex.withLock {
            while !stopping, ready.count >= options.spareSegments { mutex.wait() }
            return !stopping
        }
    }
}
