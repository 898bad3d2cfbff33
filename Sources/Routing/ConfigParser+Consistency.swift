extension ConfigParser {
    /// What only all documents together can show: duplicates, skipped indexes, too large a MinInSync.
    mutating func checkTogether() {
        checkNames()
        checkIndexes()
        checkAddresses()
        checkMinInSync()
        config.shards = shards.map(\.shard).sorted { $0.index < $1.index }
    }

    private mutating func checkNames() {
        var seen: [String: Int] = [:]
        for document in shards {
            if let line = seen.updateValue(document.nameLine, forKey: document.shard.name) {
                report(document.nameLine, "Name \"\(document.shard.name)\" is already used on line \(line)")
            }
        }
    }

    private mutating func checkIndexes() {
        var seen: [Int: ShardDocument] = [:]
        for document in shards {
            if let other = seen.updateValue(document, forKey: document.shard.index) {
                report(
                    document.indexLine,
                    "Index \(document.shard.index) is already that of \(other.shard.name) on line \(other.indexLine)"
                )
            }
        }
        guard seen.count == shards.count else { return }
        let sorted = shards.sorted { $0.shard.index < $1.shard.index }
        guard let skipped = sorted.indices.first(where: { sorted[$0].shard.index != $0 }) else { return }
        report(
            sorted[skipped].indexLine,
            "Index \(skipped) is skipped: \(shards.count) shards have the indexes 0 to \(shards.count - 1)"
        )
    }

    private mutating func checkAddresses() {
        for document in shards {
            for (address, line) in zip(document.shard.nodes, document.addressLines) {
                if let other = config.addressLines[address] {
                    report(line, "address \(address) is already used on line \(other)")
                } else {
                    config.addressLines[address] = line
                }
            }
        }
    }

    private mutating func checkMinInSync() {
        guard let smallest = shards.min(by: { $0.shard.nodes.count < $1.shard.nodes.count }) else { return }
        let members = smallest.shard.nodes.count
        guard config.minInSync > members else { return }
        report(
            minInSyncLine,
            "MinInSync \(config.minInSync) is more than the \(members) members of \(smallest.shard.name); "
                + "it would refuse every write"
        )
    }
}
