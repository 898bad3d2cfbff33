/// What went wrong in the storage layer: a code to branch on and one line for people.
package struct StorageError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// The operating system refused a file operation.
        case io
        /// No space left on the device; nothing was written.
        case diskFull
        /// A checksum or structure on disk is wrong; the message names file and offset.
        case corrupt
        /// A record of the engine is not what was written; the message names key and slot.
        case damaged
        /// The folder belongs to another engine, cluster, shard or format version.
        case foreignFolder
        /// Another process has the folder open.
        case locked
        /// The engine (LMDB, RocksDB) reported an error.
        case engine
        /// The engine can do nothing more until it is opened again.
        case engineLost
        /// The asked-for part of the log is no longer (or not yet) there.
        case outOfRange
        /// The log was cut where somebody who copies slots still had to read: the copy begins anew.
        case logCut
        /// Only the engine knows the key, and memory alone was asked.
        case cold
        /// The store was closed or has failed before.
        case closed
        /// This node does not lead the shard, or not any more: its lease has run out.
        case notLeader
        /// The in-sync set is smaller than `MinInSync`.
        case tooFewInSync
    }

    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
