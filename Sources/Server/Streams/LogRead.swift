import Model
import Replication
import Storage

/// Batches read from the log for one step of a stream, with the reader that goes on from there.
struct LogRead: Sendable {
    var reader: any LogBatches
    var batches: [LogBatch]
    var bytes: Int

    /// Reads at least one batch, if there is one, and stops before `maxBytes` is exceeded by a second.
    static func read(
        _ store: any StreamedStore,
        _ current: (any LogBatches)?,
        _ after: Position,
        _ maxBytes: Int
    ) -> Result<LogRead, StorageError> {
        do throws(StorageError) {
            let reader: any LogBatches
            if let current { reader = current } else { reader = try store.makeLogReader(after: after) }
            var read = LogRead(reader: reader, batches: [], bytes: 0)
            // Only what is on the leader's disk is shipped: the commit position counts it as durable here.
            let end = store.logState.end
            while read.bytes < maxBytes, reader.position < end, let batch = try reader.next() {
                read.batches.append(batch)
                read.bytes += batch.bytes.count
            }
            return .success(read)
        } catch {
            return .failure(error)
        }
    }
}
