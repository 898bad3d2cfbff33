import Model
import Server
import Synchronization

/// The clients that read lists.
extension AuditLoad {
    private static let stems = ["alone0", "alone1", "together", "prod"]

    /// Reads at whoever leads: never older than what was acknowledged before.
    func look(_ shard: Int, _ client: AuditClient) async {
        var number = 0
        while !isStopping {
            let answer = await look(shard, AuditLoad.stems[number % AuditLoad.stems.count]) {
                await client.send(["GET", $0], shard: shard)
            }
            await pause(!answer)
            number += 1
        }
    }

    /// Reads at one node as of a leader: an answer that is no error must be as new as any leader's.
    func lookDirectly(_ shard: Int, _ node: NodeAddress, _ client: AuditClient) async {
        let stem = AuditLoad.stems.randomElement() ?? ""
        _ = await look(shard, stem, place: "\(node)") { await client.ask(["GET", $0], at: node) }
    }

    /// Reads at one node as of a replica: as old as it may be, but a state that the list had, and kept.
    func peek(_ shard: Int, _ node: NodeAddress, _ client: AuditClient) async {
        var number = 0
        while !isStopping {
            // On each connection anew: it may be another one than last time.
            _ = await client.ask(["READONLY"], at: node)
            let answer = await look(
                shard,
                AuditLoad.stems[number % AuditLoad.stems.count],
                place: "\(node)",
                ofReplica: true
            ) {
                await client.ask(["GET", $0], at: node)
            }
            await pause(!answer)
            number += 1
        }
    }

    private func look(
        _ shard: Int,
        _ stem: String,
        place: String = "the leader",
        ofReplica: Bool = false,
        _ send: (String) async -> AuditClient.Answer
    ) async -> Bool {
        let (list, floor) = state.withLock { state -> (String?, Int) in
            let list = state.current["\(stem) \(shard)"]
            return (list, list.flatMap { state.floors[$0] } ?? 0)
        }
        guard let list, case .reply(let reply) = await send(list) else { return false }
        let bytes = reply.bytes ?? []
        let look = History.Look(
            length: bytes.count,
            digest: History.Digest.of(bytes),
            floor: ofReplica ? 0 : floor,
            place: place
        )
        state.withLock { state in
            state.history.looks[list, default: []].append(look)
            if !ofReplica { state.floors[list] = max(bytes.count, state.floors[list] ?? 0) }
        }
        return true
    }
}
