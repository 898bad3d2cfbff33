import FoundationEssentials

extension ReshardJob: Codable {
    private enum CodingKeys: String, CodingKey {
        case format, id, requester, state, reason, request, shards, moves, rate, earlier
        case createdAt = "created_ms"
        case policyBefore = "policy_before"
        case policyAfter = "policy_after"
        case mapVersion = "map_version"
    }

    /// A document's bytes.
    package init(json: [UInt8]) throws(ReshardError) {
        do {
            self = try JSONDecoder().decode(ReshardJob.self, from: Data(json))
        } catch let error as ReshardError {
            throw error
        } catch {
            let advice = "another program wrote it; delete it at the coordinator if no reshard is under way"
            throw ReshardError(.badDocument, "the reshard's document can't be read (\(error)): \(advice)")
        }
    }

    /// The document's bytes.
    package func json() throws(ReshardError) -> [UInt8] {
        do {
            return try JSONDocument.encode(self)
        } catch {
            throw ReshardError(.badDocument, "the reshard's document can't be written as JSON: \(error)")
        }
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let format = try values.decode(Int.self, forKey: .format)
        guard format == Self.formatVersion else {
            let text = "the reshard's document has format \(format), this Shoal reads \(Self.formatVersion)"
            throw ReshardError(.badDocument, "\(text); update this node")
        }
        id = try values.decode(String.self, forKey: .id)
        requester = Self.line(try values.decode(String.self, forKey: .requester))
        createdAt = try values.decode(UInt64.self, forKey: .createdAt)
        request = try values.decode(ReshardRequest.self, forKey: .request)
        policyBefore = try values.decode(PlacementPolicy.self, forKey: .policyBefore)
        policyAfter = try values.decode(PlacementPolicy.self, forKey: .policyAfter)
        mapVersion = try values.decode(UInt64.self, forKey: .mapVersion)
        state = try values.decode(State.self, forKey: .state)
        reason = try values.decodeIfPresent(String.self, forKey: .reason).map(Self.line)
        rate = try Self.checked(try values.decodeIfPresent(UInt64.self, forKey: .rate))
        earlier = try values.decodeIfPresent([String: SlotList].self, forKey: .earlier) ?? [:]
        let shards = try values.decode([String].self, forKey: .shards)
        var list = try values.nestedUnkeyedContainer(forKey: .moves)
        var moves: [ReshardMove] = []
        var moved = SlotSet()
        while !list.isAtEnd {
            let move = try Self.move(&list, index: moves.count, shards: shards)
            guard move.slots.ranges.allSatisfy({ range in !range.contains { moved.contains($0) } }) else {
                throw ReshardError(.badDocument, "the reshard's document moves a slot twice")
            }
            moved.formUnion(move.slots.set)
            moves.append(move)
        }
        self.moves = moves
    }

    private static func move(
        _ list: inout any UnkeyedDecodingContainer,
        index: Int,
        shards: [String]
    ) throws -> ReshardMove {
        var fields = try list.nestedUnkeyedContainer()
        let source = try fields.decode(Int.self)
        let target = try fields.decode(Int.self)
        let slots = try fields.decode(SlotList.self)
        guard shards.indices.contains(source), shards.indices.contains(target), source != target, !slots.isEmpty else {
            throw ReshardError(.badDocument, "move \(index) of the reshard's document makes no sense")
        }
        return ReshardMove(
            index: index,
            source: shards[source],
            target: shards[target],
            slots: slots,
            keys: try fields.decode(UInt64.self),
            bytes: try fields.decode(UInt64.self)
        )
    }

    /// Moves are `[source, target, slots, keys, bytes]`, source and target being indexes into `shards`: 16384 moves of
    /// one slot each stay below a document's limit of 1 MiB.
    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(Self.formatVersion, forKey: .format)
        try values.encode(id, forKey: .id)
        try values.encode(requester, forKey: .requester)
        try values.encode(createdAt, forKey: .createdAt)
        try values.encode(request, forKey: .request)
        try values.encode(policyBefore, forKey: .policyBefore)
        try values.encode(policyAfter, forKey: .policyAfter)
        try values.encode(mapVersion, forKey: .mapVersion)
        try values.encode(state, forKey: .state)
        try values.encodeIfPresent(reason, forKey: .reason)
        try values.encodeIfPresent(rate, forKey: .rate)
        if !earlier.isEmpty { try values.encode(earlier, forKey: .earlier) }
        let shards = Set(moves.flatMap { [$0.source, $0.target] }).sorted()
        let indexes = Dictionary(uniqueKeysWithValues: shards.enumerated().map { ($1, $0) })
        try values.encode(shards, forKey: .shards)
        var list = values.nestedUnkeyedContainer(forKey: .moves)
        for move in moves {
            var fields = list.nestedUnkeyedContainer()
            try fields.encode(indexes[move.source])
            try fields.encode(indexes[move.target])
            try fields.encode(move.slots)
            try fields.encode(move.keys)
            try fields.encode(move.bytes)
        }
    }
}
