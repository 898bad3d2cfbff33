import Routing

/// `shoal reshard plan --json`: estimate, moves, and both maps' shares. Written, not read.
extension ReshardPlan: Encodable {
    private enum CodingKeys: String, CodingKey {
        case schema, request
        case mapVersion = "map_version"
        case policyBefore = "policy_before"
        case policyAfter = "policy_after"
        case estimate = "figures"
        case estimatedSeconds = "estimated_seconds"
        case warnings, moves
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(1, forKey: .schema)
        try values.encode(request, forKey: .request)
        try values.encode(current.version, forKey: .mapVersion)
        try values.encode(policyBefore, forKey: .policyBefore)
        try values.encode(policyAfter, forKey: .policyAfter)
        try values.encode(estimate, forKey: .estimate)
        try values.encode(estimate.seconds(rate: nil), forKey: .estimatedSeconds)
        try values.encode(warnings, forKey: .warnings)
        try values.encode(moves, forKey: .moves)
    }
}
