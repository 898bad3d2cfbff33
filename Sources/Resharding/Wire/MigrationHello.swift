import Model

/// What a target's leader says when it begins a move: the arguments of the RESP command `SHOAL.MIGRATE`, answered with
/// `+OK`, after which the connection carries `MigrationFrame`s.
package struct MigrationHello: Hashable, Sendable {
    package static let command = "SHOAL.MIGRATE"

    package var cluster: String
    /// The coordinator's id: two coordinators never share a shard.
    package var coordinator: String
    package var job: String
    package var move: Int
    /// The same as in the job's document.
    package var slots: SlotList
    /// The target's shard, and the term in which its leader leads.
    package var shard: String
    package var term: UInt64

    package init(
        cluster: String,
        coordinator: String,
        job: String,
        move: Int,
        slots: SlotList,
        shard: String,
        term: UInt64
    ) {
        self.cluster = cluster
        self.coordinator = coordinator
        self.job = job
        self.move = move
        self.slots = slots
        self.shard = shard
        self.term = term
    }

    /// The command's arguments, without the command's name.
    package var arguments: [[UInt8]] {
        [
            "\(ReshardingLimits.protocolVersion)", cluster, coordinator, job, "\(move)", slots.description, shard,
            "\(term)",
        ].map { Array($0.utf8) }
    }

    /// Reads the arguments (without the command's name) of a peer.
    /// - Throws: `.badText` that names the argument.
    package init(arguments: [[UInt8]]) throws(ReshardError) {
        func bad(_ what: String) -> ReshardError { ReshardError(.badText, "\(MigrationHello.command): \(what)") }
        let texts = arguments.compactMap { String(validating: $0, as: UTF8.self) }
        guard let version = texts.first.flatMap({ Int($0) }) else { throw bad("no protocol version") }
        guard version == ReshardingLimits.protocolVersion else {
            let own = ReshardingLimits.protocolVersion
            throw bad("protocol version \(version) is not spoken here; this node speaks \(own)")
        }
        guard texts.count == 8, arguments.count == 8 else {
            throw bad("expected 8 arguments of UTF-8 text, got \(arguments.count)")
        }
        guard let move = Int(texts[4]), move >= 0 else { throw bad("the move is not a number") }
        guard let term = UInt64(texts[7]) else { throw bad("the term is not a number") }
        self.init(
            cluster: texts[1],
            coordinator: texts[2],
            job: texts[3],
            move: move,
            slots: try SlotList(texts[5]),
            shard: texts[6],
            term: term
        )
    }
}
