/// A change of the shards in config.yaml, made in its text: comments, order, spelling and everything else stay byte for
/// byte.
///
/// New shards come to the end, each a document in the paper's form. Of a removed shard goes its document with the comments in
/// it; what stands before the first document or at the line's start behind the removed one stays. Indexes of the shards
/// that stay are counted through, in the order they had. Making the same change again changes nothing.
package struct ConfigEdit: Hashable, Sendable {
    /// Shards to come; their `index` does not matter.
    package var add: [ShardConfig]
    /// Names of shards to go; names that the file does not have are none.
    package var remove: Set<String>

    package init(add: [ShardConfig] = [], remove: Set<String> = []) {
        self.add = add
        self.remove = remove
    }

    /// The text with the change made.
    /// - Parameter file: its path, for messages.
    /// - Throws: for a text that is no valid config, before the change or after it: no shard is left, an address is used
    ///   twice, a shard to come is there with other addresses, `MinInSync` is more than its members; and for a form of
    ///   YAML that can't be changed safely, which is then to be done by hand.
    package func apply(to text: [UInt8], file: String) throws(ConfigError) -> [UInt8] {
        let before = try ConfigParser.read(text, file: file)
        let leaving = before.shards.filter { remove.contains($0.shard.name) }
        let missing = try missing(in: before.config)
        if leaving.isEmpty, missing.isEmpty { return text }
        let lines = ConfigLines(text)
        let staying = before.config.shards.filter { !remove.contains($0.name) }
        var changes = ConfigTextChanges(lines: lines, file: file)
        for document in leaving { try changes.removeDocument(at: document.line) }
        for (index, shard) in staying.enumerated() where shard.index != index {
            guard let document = before.shards.first(where: { $0.shard.name == shard.name }) else { continue }
            try changes.renumber(document, to: index)
        }
        var wanted = staying.map { ShardConfig(name: $0.name, index: 0, address: $0.address, replicas: $0.replicas) }
        for shard in missing {
            changes.append(shard, index: wanted.count)
            wanted.append(shard)
        }
        let result = changes.applied()
        try check(result, file: file, shards: wanted, like: before.config)
        return result
    }

    /// The shards to come that the file does not have.
    private func missing(in config: ClusterConfig) throws(ConfigError) -> [ShardConfig] {
        var missing: [ShardConfig] = []
        for shard in add where !remove.contains(shard.name) {
            guard let present = config.shard(named: shard.name) else {
                missing.append(shard)
                continue
            }
            guard present.address == shard.address, present.replicas == shard.replicas else {
                let nodes = present.nodes.map(\.description).joined(separator: ", ")
                throw ConfigError(
                    .init(
                        file: config.file,
                        line: config.addressLines[present.address],
                        message: "shard \(shard.name) is there already, with other nodes: \(nodes)"
                    )
                )
            }
        }
        return missing
    }

    /// Reads the result as any node will: it must say exactly what was wanted, and nothing else may be different.
    private func check(
        _ text: [UInt8],
        file: String,
        shards: [ShardConfig],
        like before: ClusterConfig
    ) throws(ConfigError) {
        var expected = before
        expected.shards = shards.enumerated().map { index, shard in
            ShardConfig(name: shard.name, index: index, address: shard.address, replicas: shard.replicas)
        }
        var found = try ConfigParser.parse(text, file: file)
        found.addressLines = expected.addressLines
        guard found == expected else {
            throw ConfigError(.init(file: file, line: nil, message: ConfigTextChanges.byHand))
        }
    }
}
