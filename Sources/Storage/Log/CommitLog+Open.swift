import Glibc
import Model

extension CommitLog {
    /// Opens the log in `folder`, or creates it there, reading every retained batch once.
    ///
    /// An unfinished batch at the end is cut (`recovered.tornBytes`).
    /// - Parameter progress: told the share done, 0 to 1, after every segment.
    /// - Throws: `.corrupt` naming segment and byte offset when a damaged batch has whole ones after it or a segment
    ///   is missing, `.foreignFolder` for another format version, `.io`, `.diskFull`.
    package static func open(
        folder path: String,
        options: Options = Options(),
        progress: (Double) -> Void = { _ in }
    ) throws(StorageError) -> CommitLog {
        let folder = try LogFolder(path, durability: options.durability)
        try finishReset(folder, withSpares: true)
        let names = try folder.names()
        for name in names where name.hasSuffix(".tmp") { try folder.remove(folder.file(name)) }
        let spares = SpareSegments(folder, options: options, found: try usableSpares(names, folder, options))
        if !names.contains(where: { LogFolder.firstSequence($0) != nil }) {
            try create(folder, spares, options, name: nil, base: .zero, startOffset: 0)
        }
        let paths = try folder.names().compactMap { name in
            LogFolder.firstSequence(name).map { (path: folder.file(name), first: $0) }
        }
        var recovery = try LogRecovery(paths: paths, progress: progress)
        guard let last = recovery.segments.last else { throw StorageError(.io, "no log segment in \(path)") }
        let active = try LogFile(last.path, writable: true)
        if !recovery.torn.isEmpty { try active.zero(recovery.torn) }
        try recovery.restoreCapacity(active, to: options.segmentBytes)
        // What a crashed process left in the page cache may not be on disk yet, and is about to be relied upon. Earlier
        // segments were synced before the next one began.
        if options.durability == .fsync {
            try active.rewrite(0..<last.bytes)
            try active.sync()
        }
        let log = CommitLog(folder: folder, options: options, spares: spares, active: active, recovery: recovery)
        try spares.start()
        return log
    }

    /// Makes a new first segment under its own name, or under `name`.
    static func create(
        _ folder: LogFolder,
        _ spares: SpareSegments,
        _ options: Options,
        name: String?,
        base: Position,
        startOffset: UInt64
    ) throws(StorageError) {
        let made = try spares.make(bytes: options.segmentBytes)
        do throws(StorageError) {
            let path = folder.segment(after: base)
            let segment = LogSegment(
                path: path,
                base: base,
                startOffset: startOffset,
                recycled: false,
                capacity: options.segmentBytes
            )
            let file = try LogFile(made, writable: true)
            try writeHeader(of: segment, to: file, durability: options.durability)
            try folder.rename(made, to: name.map(folder.file) ?? path)
            try folder.sync()
        } catch {
            unlink(made)
            throw error
        }
    }

    /// Carries out a reset that was decided: everything else goes, the prepared segment gets its name.
    ///
    /// Spares hold stale batches and go too, unless the running log has already seen to it: its thread makes new ones.
    static func finishReset(_ folder: LogFolder, withSpares: Bool) throws(StorageError) {
        let pending = folder.file(LogFolder.pendingReset)
        guard access(pending, F_OK) == 0 else { return }
        let file = try LogFile(pending)
        let page = UnsafeMutableRawBufferPointer.allocate(byteCount: LogSegment.headerBytes, alignment: 8)
        defer { page.deallocate() }
        let count = try file.read(into: page, at: 0)
        let segment = try LogSegment.reading(UnsafeRawBufferPointer(rebasing: page[..<count]), path: pending)
        for name in try folder.names().reversed() where name != LogFolder.pendingReset {
            let isSpare = withSpares && name.hasPrefix("spare-")
            if isSpare || LogFolder.firstSequence(name) != nil { try folder.remove(folder.file(name)) }
        }
        try folder.sync()
        try folder.rename(pending, to: folder.segment(after: segment.base))
        try folder.sync()
    }

    private static func usableSpares(
        _ names: [String],
        _ folder: LogFolder,
        _ options: Options
    ) throws(StorageError) -> [String] {
        var usable: [String] = []
        for name in names where name.hasPrefix("spare-") && name.hasSuffix(".seg") {
            let path = folder.file(name)
            if usable.count < options.spareSegments, try LogFile(path).size() == options.segmentBytes {
                usable.append(path)
            } else {
                try folder.remove(path)
            }
        }
        return usable
    }
}

extension LogRecovery {
    /// Fills the last segment up to its size again if the file is shorter; a full disk leaves it as it is.
    mutating func restoreCapacity(_ file: LogFile, to bytes: Int) throws(StorageError) {
        let size = try file.size()
        guard size < bytes else { return }
        do throws(StorageError) {
            try file.zero(size..<bytes)
            setLastCapacity(bytes)
        } catch {
            guard error.code == .diskFull else { throw error }
        }
    }
}
