import CLMDB
import Glibc

/// An open LMDB file and its three tables. Closed when the last user has gone.
///
/// `@unchecked Sendable`: all fields are constants, and LMDB itself guards the environment: transactions may begin on
/// any thread, and with `MDB_NOTLS` a read transaction belongs to its object instead of a thread.
final class LMDBEnvironment: @unchecked Sendable {
    /// Address space, not disk space: the file is sparse and cannot outgrow it, so it is set beyond any disk.
    static let mapBytesMax = 1 << 40
    /// Below this a refused mmap is an error: such a database would fill up in normal use.
    static let mapBytesMin = 1 << 30
    /// Read transactions at a time: event loops, scans and streams of one node, with room to spare.
    static let readersMax: UInt32 = 1024

    let handle: OpaquePointer
    let folder: String
    let values: MDB_dbi
    let expiries: MDB_dbi
    let meta: MDB_dbi
    let pageBytes: Int

    /// Opens or creates the environment in a folder that exists.
    /// - Parameter isSynced: false: a commit is with the operating system only, and a loss of power can damage the file.
    init(folder: String, isSynced: Bool = true) throws(StorageError) {
        let handle = try Self.openMapped(folder: folder, isSynced: isSynced)
        do throws(StorageError) {
            (values, expiries, meta) = try Self.openTables(handle, folder: folder)
            var stat = MDB_stat()
            try LMDBCode.check(mdb_env_stat(handle, &stat), "cannot open the LMDB engine in \(folder)")
            pageBytes = Int(stat.ms_psize)
            // LMDB syncs its file, not the file's name.
            if isSynced { try FolderListing.sync(folder) }
        } catch {
            mdb_env_close(handle)
            throw error
        }
        self.handle = handle
        self.folder = folder
    }

    deinit { mdb_env_close(handle) }

    /// The file as LMDB counts it. What is free in it is used again and never given back.
    var metrics: [StorageMetric] {
        var info = MDB_envinfo()
        var stat = MDB_stat()
        guard mdb_env_info(handle, &info) == MDB_SUCCESS, mdb_env_stat(handle, &stat) == MDB_SUCCESS else { return [] }
        let bytes = UInt64(info.me_last_pgno + 1) * UInt64(stat.ms_psize)
        return [
            StorageMetric("engine_file_bytes", "Bytes of the engine's files.", bytes),
            StorageMetric(
                "engine_readers",
                "Read transactions that LMDB has room for taken.",
                UInt64(info.me_numreaders)
            ),
        ]
    }

    /// Tries the largest map first and halves it where the address space is limited (containers, ulimit -v).
    private static func openMapped(folder: String, isSynced: Bool) throws(StorageError) -> OpaquePointer {
        var mapBytes = mapBytesMax
        while true {
            do throws(LMDBCode) {
                return try open(folder: folder, mapBytes: mapBytes, isSynced: isSynced)
            } catch {
                guard error.value == ENOMEM, mapBytes > mapBytesMin else {
                    throw error.explained("cannot open the LMDB engine in \(folder)")
                }
                mapBytes /= 2
            }
        }
    }

    private static func open(folder: String, mapBytes: Int, isSynced: Bool) throws(LMDBCode) -> OpaquePointer {
        var created: OpaquePointer?
        try LMDBCode.check(mdb_env_create(&created))
        guard let handle = created else { throw LMDBCode(value: ENOMEM) }
        do throws(LMDBCode) {
            try LMDBCode.check(mdb_env_set_mapsize(handle, mapBytes))
            try LMDBCode.check(mdb_env_set_maxreaders(handle, readersMax))
            try LMDBCode.check(mdb_env_set_maxdbs(handle, 3))
            // No read-ahead: hot keys are served from memory, so what reaches the file are scattered keys.
            let flags = UInt32(MDB_NOTLS) | UInt32(MDB_NORDAHEAD) | (isSynced ? 0 : UInt32(MDB_NOSYNC))
            try LMDBCode.check(mdb_env_open(handle, folder, flags, 0o600))
        } catch {
            mdb_env_close(handle)
            throw error
        }
        var stale: Int32 = 0
        mdb_reader_check(handle, &stale)
        return handle
    }

    private static func openTables(
        _ handle: OpaquePointer,
        folder: String
    ) throws(StorageError) -> (MDB_dbi, MDB_dbi, MDB_dbi) {
        let doing = "cannot open the tables of \(folder)"
        var transaction: OpaquePointer?
        try LMDBCode.check(mdb_txn_begin(handle, nil, 0, &transaction), doing)
        var tables: [MDB_dbi] = []
        for name in ["values", "expiries", "meta"] {
            var table: MDB_dbi = 0
            let code = mdb_dbi_open(transaction, name, UInt32(MDB_CREATE), &table)
            guard code == MDB_SUCCESS else {
                mdb_txn_abort(transaction)
                throw LMDBCode(value: code).explained(doing)
            }
            tables.append(table)
        }
        try LMDBCode.check(mdb_txn_commit(transaction), doing)
        return (tables[0], tables[1], tables[2])
    }
}

/// A return code of LMDB other than success.
struct LMDBCode: Error {
    let value: Int32

    static func check(_ code: Int32) throws(LMDBCode) {
        if code != MDB_SUCCESS { throw LMDBCode(value: code) }
    }

    /// Turns a failing code into an error that says what was being done.
    static func check(_ code: Int32, _ doing: @autoclosure () -> String) throws(StorageError) {
        if code != MDB_SUCCESS { throw LMDBCode(value: code).explained(doing()) }
    }

    func explained(_ doing: String) -> StorageError {
        let kind: StorageError.Code =
            switch value {
            case ENOSPC, EDQUOT, MDB_MAP_FULL: .diskFull
            case MDB_CORRUPTED, MDB_PAGE_NOTFOUND, MDB_INVALID: .corrupt
            case MDB_VERSION_MISMATCH: .foreignFolder
            // A write of its first page has failed: it does not know what is on the disk.
            case MDB_PANIC: .engineLost
            case ENOENT, EACCES, EPERM, EIO, ENOTDIR, EROFS, EMFILE: .io
            default: .engine
            }
        return StorageError(kind, "\(doing): LMDB: \(String(cString: mdb_strerror(value)))")
    }
}

extension MDB_val {
    /// Points at borrowed bytes; LMDB does not write through it.
    init(_ bytes: UnsafeRawBufferPointer) {
        self.init(mv_size: bytes.count, mv_data: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
    }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: mv_data, count: mv_size) }
}
