/// Space on the disk that is kept for what is written already: the log of this shard, the engine's files and its list of
/// them, which fail where there is none. Below it a leader refuses writes, and takes them again above twice that. Pure.
package struct DiskReserve: Sendable {
    /// Without an operator's word: so much, or of a small disk a part of it.
    private static let usual: UInt64 = 256 << 20
    private static let partOfDisk: UInt64 = 50

    /// Bytes; 0 keeps none.
    package let bytes: UInt64
    /// Why writes are refused; nil while they are not.
    package private(set) var refusal: StorageError?

    package init(bytes: UInt64) { self.bytes = bytes }

    /// What is kept of a disk of that size where nobody says how much.
    package static func usual(ofDisk size: UInt64) -> UInt64 { min(usual, size / partOfDisk) }

    /// So much is free now.
    package mutating func note(bytesFree: UInt64) {
        if bytesFree < bytes {
            refusal = StorageError(
                .diskFull,
                "no space left but what ReserveBytes keeps: \(bytesFree >> 20) MiB of \(bytes >> 20) MiB are free; free space on "
                    + "the disk, writes go on by themselves above twice that"
            )
        } else if bytesFree / 2 >= bytes {
            refusal = nil
        }
    }
}
