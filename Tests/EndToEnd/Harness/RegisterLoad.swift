import Model
import NIOCore
import Server
import Synchronization
import TestSupport

/// Clients that use keys as registers, over Redis's protocol and HTTP, and record what they asked for and were told, and
/// when: for a check of linearizability. They ask whoever they take for the leader, and now and then any member.
final class RegisterLoad: Sendable {
    private struct State {
        var histories: [String: [Operation]] = [:]
        /// Operations begun on each lane's present key.
        var lanes = Array(repeating: (generation: 0, begun: 0), count: RegisterLoad.laneCount)
        var tokens: UInt32 = 0
        var reads = 0
        var unknown = 0
        var isStopping = false
    }

    /// Keys in use at a time: few, so that clients meet on them.
    private static let laneCount = 3
    /// A key is left for a new one before its history is too long for the check, whoever is still under way on it.
    private static let operationsPerKey = 40
    /// A member that sleeps answers nobody; whoever asked it goes on after this.
    private static let patience = TimeAmount.seconds(1)
    private static let pause = Duration.milliseconds(2)

    private let members: [NodeAddress]
    private let state = Mutex(State())
    private let began = ContinuousClock.now

    /// - Parameter members: of one shard.
    init(_ members: [NodeAddress]) { self.members = members }

    var operations: Int { state.withLock { $0.histories.values.reduce(0) { $0 + $1.count } } }
    var reads: Int { state.withLock { $0.reads } }
    var unknown: Int { state.withLock { $0.unknown } }

    func stop() { state.withLock { $0.isStopping = true } }

    /// Runs until `stop`.
    func run(clients: Int) async {
        await withTaskGroup(of: Void.self) { tasks in
            for number in 0..<clients {
                tasks.addTask { [self] in
                    let client = AuditClient(members, patience: RegisterLoad.patience, number: number)
                    while !isStopping { await operate(client, number) }
                    await client.close()
                }
            }
        }
    }

    /// The first key whose history is not that of one register, with the history in words; nil if all are.
    var violation: String? {
        for (key, history) in state.withLock({ $0.histories }) {
            if let text = LinearizabilityCheck.violation(history) { return "\(key):\n\(text)" }
        }
        return nil
    }

    private var isStopping: Bool { state.withLock { $0.isStopping } }

    /// Nanoseconds; all clients are in this process.
    private var now: UInt64 {
        let (seconds, attoseconds) = (ContinuousClock.now - began).components
        return UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
    }

    private func operate(_ client: AuditClient, _ number: Int) async {
        let (key, token) = begin()
        let kinds: [Operation.Kind] = [.get, .get, .get, .set(token), .append(token), .setIfAbsent(token)]
        let kind = kinds.randomElement() ?? .get
        let invoked = now
        let answer: AuditClient.Answer
        if number == 0, kind == .get {
            answer = await getOverHTTP(key)
        } else if Int.random(in: 0..<3) == 0 {
            answer = await client.ask(words(kind, key), at: members.randomElement() ?? members[0])
        } else {
            answer = await client.send(words(kind, key), shard: 0)
        }
        record(Operation(kind: kind, invoked: invoked, answered: now, outcome: .unknown), key, answer)
        // The pace of a client; a node that refuses is not asked without end.
        try? await Task.sleep(for: RegisterLoad.pause)
    }

    private func begin() -> (key: String, token: UInt32) {
        state.withLock { state in
            let lane = Int.random(in: 0..<RegisterLoad.laneCount)
            if state.lanes[lane].begun >= RegisterLoad.operationsPerKey {
                state.lanes[lane] = (state.lanes[lane].generation + 1, 0)
            }
            state.lanes[lane].begun += 1
            state.tokens += 1
            return ("register\(lane)-\(state.lanes[lane].generation)", state.tokens)
        }
    }

    private func words(_ kind: Operation.Kind, _ key: String) -> [String] {
        switch kind {
        case .get: ["GET", key]
        case .set(let token): ["SET", key, "\(token);"]
        case .append(let token): ["APPEND", key, "\(token);"]
        case .setIfAbsent(let token): ["SET", key, "\(token);", "NX"]
        }
    }

    /// `/kv/` of any member: redirects are refusals here.
    private func getOverHTTP(_ key: String) async -> AuditClient.Answer {
        let member = members.randomElement() ?? members[0]
        do throws(ClientError) {
            let response = try await HTTPFetch.request(
                method: "GET",
                address: member,
                path: "/kv/\(key)",
                timeout: RegisterLoad.patience
            )
            switch response.status {
            case 200: return .reply(.bulk(response.body))
            case 404: return .reply(.null)
            default: return .refused(.init("\(response.status)", by: member))
            }
        } catch {
            return .unknown(error.message)
        }
    }

    /// A read that a member finds when it wakes.
    struct Asked {
        let connection: RawConnection
        let key: String
        let invoked: UInt64
    }

    /// Asks for the present keys on connections that the member took before it fell asleep: the first that it sees when it
    /// wakes, whatever it still takes itself for.
    func ask(_ connections: [RawConnection]) -> [Asked] {
        connections.enumerated().map { index, connection in
            let lane = index % RegisterLoad.laneCount
            let key = state.withLock { "register\(lane)-\($0.lanes[lane].generation)" }
            let invoked = now
            connection.send(RawConnection.command("GET", key))
            return Asked(connection: connection, key: key, invoked: invoked)
        }
    }

    /// Waits for the answers. A refusal, and a connection that ends, say nothing of the key.
    /// - Returns: how many were answered with a value, or with none.
    func take(_ asked: [Asked]) -> Int {
        asked.count { each in
            guard let reply = try? each.connection.receiveReply(), reply.first == UInt8(ascii: "$") else {
                return false
            }
            let value = reply.starts(with: Array("$-1".utf8)) ? RESPReply.null : .bulk(RegisterLoad.content(reply))
            let operation = Operation(kind: .get, invoked: each.invoked, answered: now, outcome: .unknown)
            record(operation, each.key, .reply(value))
            return true
        }
    }

    /// Of a bulk string.
    private static func content(_ reply: [UInt8]) -> [UInt8] {
        Array(reply.drop { $0 != 10 }.dropFirst().dropLast(2))
    }

    private func record(_ operation: Operation, _ key: String, _ answer: AuditClient.Answer) {
        var operation = operation
        switch answer {
        case .refused: return
        case .unknown: break
        case .reply(let reply): operation.outcome = outcome(reply, operation.kind)
        }
        state.withLock { state in
            state.histories[key, default: []].append(operation)
            if operation.outcome == .unknown { state.unknown += 1 } else if operation.kind == .get { state.reads += 1 }
        }
    }

    private func outcome(_ reply: RESPReply, _ kind: Operation.Kind) -> Operation.Outcome {
        switch kind {
        case .get: .value(reply.bytes.map(RegisterLoad.tokens))
        case .set, .append: .done
        case .setIfAbsent: .wasSet(reply != .null)
        }
    }

    private static func tokens(_ bytes: [UInt8]) -> Tokens {
        String(decoding: bytes, as: UTF8.self).split(separator: ";").compactMap { UInt32($0) }
    }
}
