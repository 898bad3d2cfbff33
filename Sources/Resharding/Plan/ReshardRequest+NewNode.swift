import Model

extension ReshardRequest {
    /// A node of a new shard.
    package struct NewNode: Hashable, Sendable {
        package var shard: String
        package var address: NodeAddress
        package var isReplica: Bool

        package init(shard: String, address: NodeAddress, isReplica: Bool = false) {
            self.shard = shard
            self.address = address
            self.isReplica = isReplica
        }

        /// What starts it by itself.
        package func command(configFile: String) -> String {
            "shoal node --shard \(shard) --http-address \(address)" + (isReplica ? " --replica" : "")
                + (configFile == "config.yaml" ? "" : " --config-file \(configFile)")
        }
    }
}
