import FoundationEssentials
import Glibc
import Model

/// `shoal.json`: to whom a data folder belongs.
package struct DataFolderMarker: Codable, Hashable, Sendable {
    static let name = "shoal.json"
    static let temporaryName = "shoal.json.new"
    static let currentFormat = 1
    /// A marker is a few hundred bytes; anything larger is something else.
    static let byteCountMax = 64 << 10

    package var format = currentFormat
    package var engine: String
    package var cluster: String
    package var shard: String
    /// The random id of the coordinator; empty as long as there is none.
    package var coordinator = ""
    /// The random id of the folder, 32 hexadecimal digits.
    package var id: String

    /// A marker with a new random id.
    package init(engine: EngineKind, cluster: String, shard: String) {
        self.engine = engine.rawValue
        self.cluster = cluster
        self.shard = shard
        var generator = SystemRandomNumberGenerator()
        id = (0..<4).map { _ in
            let digits = String(UInt32.random(in: 0...UInt32.max, using: &generator), radix: 16)
            return String(repeating: "0", count: 8 - digits.count) + digits
        }.joined()
    }

    enum Verdict {
        case mine
        case adopted
    }

    /// Decides whether a node that wants `wanted` may have the folder this marker was found in.
    func judge(_ wanted: DataFolderMarker, adopt: Bool, folder: String) throws(StorageError) -> Verdict {
        if format != wanted.format {
            throw foreign(folder, "format", "\(format)", "\(wanted.format)", "use the program that wrote it")
        }
        if engine != wanted.engine {
            throw foreign(folder, "engine", engine, wanted.engine, "start with --db-type \(engine)")
        }
        if cluster != wanted.cluster {
            throw foreign(folder, "cluster", cluster, wanted.cluster, "name this cluster's folder, or an empty one")
        }
        if shard == wanted.shard { return .mine }
        guard adopt else {
            let advice = "name this shard's folder, or use --adopt if this is a copy for a new shard"
            throw foreign(folder, "shard", shard, wanted.shard, advice)
        }
        return .adopted
    }

    private func foreign(
        _ folder: String,
        _ field: String,
        _ found: String,
        _ wanted: String,
        _ advice: String
    ) -> StorageError {
        StorageError(.foreignFolder, "\(folder) belongs to \(field) \(found), not \(wanted): \(advice)")
    }

    /// Reads a folder's marker; nil if it has none.
    package static func read(folder: String) throws(StorageError) -> DataFolderMarker? {
        let path = folder + "/" + name
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw FolderListing.error(errno, "cannot open \(path)")
        }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: byteCountMax)
        var length = 0
        while length < bytes.count {
            let count = bytes.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress! + length, $0.count - length)
            }
            if count == 0 { break }
            if count < 0 {
                if errno == EINTR { continue }
                throw FolderListing.error(errno, "cannot read \(path)")
            }
            length += count
        }
        return try decode(Data(bytes[..<length]), path: path)
    }

    private static func decode(_ data: Data, path: String) throws(StorageError) -> DataFolderMarker {
        let marker: DataFolderMarker
        do {
            marker = try JSONDecoder().decode(DataFolderMarker.self, from: data)
        } catch {
            let advice = "put back this file from a backup, or start with an empty folder"
            throw StorageError(.corrupt, "\(path) is damaged (\(reason(error))): \(advice)")
        }
        guard marker.id.utf8.count == 32, marker.id.allSatisfy({ $0.isASCII && $0.isHexDigit }) else {
            throw StorageError(.corrupt, "\(path) is damaged (id is not 32 hexadecimal digits): put back this file")
        }
        return marker
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, _): "\(key.stringValue) is missing"
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
            "\(context.codingPath.map(\.stringValue).joined(separator: ".")) has the wrong type"
        default: "not JSON"
        }
    }

    /// Writes the marker so that after a crash the folder has either the old or the new one.
    func write(folder: String) throws(StorageError) {
        let temporary = folder + "/" + Self.temporaryName
        let bytes: [UInt8]
        do {
            bytes = try JSONDocument.encode(self, isPretty: true) + [UInt8(ascii: "\n")]
        } catch {
            throw StorageError(.io, "cannot encode the marker of \(folder): \(error)")
        }
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FolderListing.error(errno, "cannot create \(temporary)") }
        let written = Glibc.write(descriptor, bytes, bytes.count)
        let synced = written == bytes.count ? fsync(descriptor) : -1
        let reason = written >= 0 && written < bytes.count ? ENOSPC : errno
        close(descriptor)
        guard synced == 0 else { throw FolderListing.error(reason, "cannot write \(temporary)") }
        guard rename(temporary, folder + "/" + Self.name) == 0 else {
            throw FolderListing.error(errno, "cannot rename \(temporary)")
        }
        try FolderListing.sync(folder)
    }
}
