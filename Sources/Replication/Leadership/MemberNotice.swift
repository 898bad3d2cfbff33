import Model

/// What a member says of itself at the coordinator, under its own session: it vanishes with it.
package struct MemberNotice: Hashable, Sendable, Codable {
    package var member: Member
    package var shard: String
    /// The member's session.
    package var session: String
    /// The last record on its disk when this was written.
    package var position: Position
    /// The highest term it knows; with `isCandidate`, the term whose leader it holds for gone.
    package var observedTerm: UInt64
    /// It waits for an election, so `position` is of now.
    package var isCandidate: Bool
    package var durability: Durability
    /// The boot of its machine.
    package var bootID: String
    /// Why it can't lead, in words; nil if it can as far as it knows.
    package var blocker: String?

    package init(
        member: Member,
        shard: String,
        session: String,
        position: Position,
        observedTerm: UInt64,
        isCandidate: Bool,
        durability: Durability,
        bootID: String,
        blocker: String?
    ) {
        self.member = member
        self.shard = shard
        self.session = session
        self.position = position
        self.observedTerm = observedTerm
        self.isCandidate = isCandidate
        self.durability = durability
        self.bootID = bootID
        self.blocker = blocker
    }

    private enum CodingKeys: String, CodingKey {
        case member, shard, session, position, observedTerm, isCandidate, durability, bootID
        // As in the notices of earlier versions.
        case blocker = "obstacle"
    }

    /// The position is written `T-S`, as everywhere.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let text = try fields.decode(String.self, forKey: .position)
        guard let position = Position(text) else {
            throw DecodingError.dataCorruptedError(
                forKey: .position,
                in: fields,
                debugDescription: "\(text) is not TERM-SEQUENCE"
            )
        }
        self.init(
            member: try fields.decode(Member.self, forKey: .member),
            shard: try fields.decode(String.self, forKey: .shard),
            session: try fields.decode(String.self, forKey: .session),
            position: position,
            observedTerm: try fields.decode(UInt64.self, forKey: .observedTerm),
            isCandidate: try fields.decode(Bool.self, forKey: .isCandidate),
            durability: try fields.decode(Durability.self, forKey: .durability),
            bootID: try fields.decode(String.self, forKey: .bootID),
            blocker: try fields.decodeIfPresent(String.self, forKey: .blocker)
        )
    }

    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(member, forKey: .member)
        try fields.encode(shard, forKey: .shard)
        try fields.encode(session, forKey: .session)
        try fields.encode(position.description, forKey: .position)
        try fields.encode(observedTerm, forKey: .observedTerm)
        try fields.encode(isCandidate, forKey: .isCandidate)
        try fields.encode(durability, forKey: .durability)
        try fields.encode(bootID, forKey: .bootID)
        try fields.encodeIfPresent(blocker, forKey: .blocker)
    }
}
