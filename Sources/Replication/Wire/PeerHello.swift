import Model

/// What a follower says of itself when it asks to be replicated to: the arguments of the RESP command
/// `SHOAL.REPLICATE`, answered with `+OK`, after which the connection carries `PeerFrame`s.
package struct PeerHello: Hashable, Sendable {
    package static let command = "SHOAL.REPLICATE"

    package var protocolVersion: Int
    package var cluster: String
    package var shard: String
    /// The random id of the follower's data folder: a member of a shard is its folder, not its address.
    package var folder: String
    /// The address under which others know the follower.
    package var address: String
    /// The last record on the follower's disk.
    package var position: Position
    /// Nothing up to here may be cut from the follower's log.
    package var commitSequence: UInt64
    /// The follower's engine is empty or half filled; no log can help.
    package var needsSnapshot: Bool
    /// The highest term the follower knows; a leader of an earlier one learns from it that it is no longer the leader.
    package var term: UInt64
    /// `Member.boot` of the follower.
    package var boot: String?
    /// The coordinator that the follower's folder belongs to: another one's shard has another history, whatever its terms
    /// are. nil: the follower is of a version that does not tell.
    package var coordinator: String?

    package init(
        protocolVersion: Int = ReplicationLimits.protocolVersion,
        cluster: String,
        shard: String,
        folder: String,
        address: String,
        position: Position,
        commitSequence: UInt64,
        needsSnapshot: Bool,
        term: UInt64,
        boot: String?,
        coordinator: String? = nil
    ) {
        self.coordinator = coordinator
        self.protocolVersion = protocolVersion
        self.cluster = cluster
        self.shard = shard
        self.folder = folder
        self.address = address
        self.position = position
        self.commitSequence = commitSequence
        self.needsSnapshot = needsSnapshot
        self.term = term
        self.boot = boot
    }

    /// Who the follower is to the shard.
    package var member: Member { Member(id: folder, address: address, boot: boot) }

    /// The command's arguments, without the command's name.
    package var arguments: [[UInt8]] {
        let words = [
            "\(protocolVersion)", cluster, shard, folder, address, position.description, "\(commitSequence)",
            needsSnapshot ? "snapshot" : "log", "\(term)", boot ?? PeerHello.noBoot,
        ]
        return (words + [coordinator].compactMap(\.self)).map { Array($0.utf8) }
    }

    private static let noBoot = "-"

    /// Reads the arguments (without the command's name) of a peer.
    /// - Throws: `ReplicationError.badHello` that names the argument.
    package init(arguments: [[UInt8]]) throws(ReplicationError) {
        let texts = arguments.compactMap { String(validating: $0, as: UTF8.self) }
        func bad(_ what: String) -> ReplicationError { ReplicationError(.badHello, "\(PeerHello.command): \(what)") }
        guard let first = texts.first, let version = Int(first) else { throw bad("no protocol version") }
        guard version == ReplicationLimits.protocolVersion else {
            throw bad(
                "protocol version \(version) is not spoken here; this node speaks \(ReplicationLimits.protocolVersion)"
            )
        }
        guard (10...11).contains(texts.count), arguments.count == texts.count else {
            throw bad("expected 10 or 11 arguments of UTF-8 text, got \(arguments.count)")
        }
        guard let position = Position(texts[5]) else { throw bad("position is not TERM-SEQUENCE") }
        guard let commit = UInt64(texts[6]), commit <= position.sequence else {
            throw bad("commit sequence is not a number up to the position's")
        }
        guard texts[7] == "snapshot" || texts[7] == "log" else {
            throw bad("the eighth argument is neither snapshot nor log")
        }
        guard let term = UInt64(texts[8]), term >= position.term else {
            throw bad("the known term is not a number from the position's on")
        }
        self.init(
            protocolVersion: version,
            cluster: texts[1],
            shard: texts[2],
            folder: texts[3],
            address: texts[4],
            position: position,
            commitSequence: commit,
            needsSnapshot: texts[7] == "snapshot",
            term: term,
            boot: texts[9] == PeerHello.noBoot ? nil : texts[9],
            coordinator: texts.count > 10 ? texts[10] : nil
        )
    }
}
