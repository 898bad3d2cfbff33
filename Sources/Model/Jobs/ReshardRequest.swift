/// What somebody asks for: shards that come and go, another policy, slots that move. Checked by `problems`, made into
/// moves by `ReshardPlan`.
package struct ReshardRequest: Hashable, Sendable, Codable {
    /// A shard to come. Its nodes need not run before the job does.
    package struct NewShard: Hashable, Sendable, Codable {
        package var name: String
        package var address: NodeAddress
        package var replicas: [NodeAddress]

        package init(name: String, address: NodeAddress, replicas: [NodeAddress] = []) {
            self.name = name
            self.address = address
            self.replicas = replicas
        }

        package var nodes: [NodeAddress] { [address] + replicas }
    }

    /// Slots that one shard shall own, whatever the policy says.
    package struct SlotMove: Hashable, Sendable, Codable {
        package var slots: SlotList
        package var shard: String

        package init(slots: SlotList, shard: String) {
            self.slots = slots
            self.shard = shard
        }
    }

    package var add: [NewShard]
    package var remove: [String]
    package var moves: [SlotMove]
    /// The policy from now on; nil: the one in force.
    package var policy: PlacementPolicy?
    /// Even out by the policy although no shard comes or goes.
    package var rebalances: Bool

    package init(
        add: [NewShard] = [],
        remove: [String] = [],
        moves: [SlotMove] = [],
        policy: PlacementPolicy? = nil,
        rebalances: Bool = false
    ) {
        self.add = add
        self.remove = remove
        self.moves = moves
        self.policy = policy
        self.rebalances = rebalances
    }

    /// Whether the policy places all slots anew; if not, only `moves` change anything.
    package var isPlacedByPolicy: Bool { !add.isEmpty || !remove.isEmpty || policy != nil || rebalances }
}

extension ReshardRequest.NewShard {
    /// Reads `NAME=HOST:PORT[,HOST:PORT…]`, as the command line has it: leader first.
    package init(_ text: String) throws(ReshardError) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
            let form = "write NAME=HOST:PORT, and replicas after commas"
            throw ReshardError(.badText, "new shard \"\(text.prefix(120))\": \(form)")
        }
        var addresses: [NodeAddress] = []
        for part in parts[1].split(separator: ",", omittingEmptySubsequences: false) {
            do throws(RoutingError) {
                addresses.append(try NodeAddress(String(part)))
            } catch {
                throw ReshardError(.badText, "new shard \(parts[0].prefix(64)): \(error.message)")
            }
        }
        self.init(name: String(parts[0]), address: addresses[0], replicas: Array(addresses.dropFirst()))
    }

    /// The same text again.
    package var text: String { "\(name)=\(nodes.map(\.description).joined(separator: ","))" }
}

extension ReshardRequest.SlotMove {
    /// Reads `SLOTS=SHARD`, such as `0-99,200=shard1`.
    package init(_ text: String) throws(ReshardError) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[1].isEmpty else {
            throw ReshardError(.badText, "move \"\(text.prefix(120))\": write SLOTS=SHARD, for example 0-99,200=shard1")
        }
        self.init(slots: try SlotList(parts[0]), shard: String(parts[1]))
    }

    /// The same text again.
    package var text: String { "\(slots)=\(shard)" }
}

extension ReshardRequest {
    /// The arguments of `shoal reshard plan` and `run` that ask for this, in the contract's order. To rebalance is to ask
    /// for the policy in force.
    package func arguments(inForce: PlacementPolicy) -> [String] {
        let policy = policy ?? (rebalances ? inForce : nil)
        return add.flatMap { ["--add", $0.text] } + remove.flatMap { ["--remove", $0] }
            + moves.flatMap { ["--move", $0.text] } + (policy.map { ["--policy", $0.rawValue] } ?? [])
    }
}
