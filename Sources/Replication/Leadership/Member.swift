/// One member of a shard: its data folder, not its address. A wiped folder is another member.
package struct Member: Hashable, Sendable, Codable, Comparable {
    /// The data folder's random id, 32 hexadecimal digits.
    package var id: String
    /// `HOST:PORT` under which others reach it; may change without changing who it is.
    package var address: String
    /// With `os` durability the boot of its machine in which it joined: a later boot may have lost what it
    /// acknowledged (`ShardRecord.vouches`). nil with `fsync`.
    package var boot: String?

    package init(id: String, address: String, boot: String? = nil) {
        self.id = id
        self.address = address
        self.boot = boot
    }

    /// What an acknowledgement vouches for: the same folder and, with `os`, the same boot.
    package struct Key: Hashable, Sendable {
        package var id: String
        package var boot: String?
    }

    package var key: Key { Key(id: id, boot: boot) }

    package static func < (left: Member, right: Member) -> Bool {
        (left.id, left.boot ?? "", left.address) < (right.id, right.boot ?? "", right.address)
    }
}
