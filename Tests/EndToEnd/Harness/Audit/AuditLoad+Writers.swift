import Model
import Server
import Synchronization

/// The clients that write.
extension AuditLoad {
    /// One writer, one list after the other, all its own.
    func appendAlone(_ writer: Int, _ shard: Int, _ stem: String, _ client: AuditClient) async {
        var number = 0
        while !isStopping {
            let list = key("\(stem).\(number / AuditLoad.tokensPerList)", shard: shard)
            await append(writer, number, shard, stem, list) { await client.send(["APPEND", list, $0], shard: shard) }
            number += 1
        }
    }

    /// A writer among several on one list of each shard.
    func appendTogether(_ writer: Int, _ client: AuditClient) async {
        var number = 0
        while !isStopping {
            let shard = number % shards
            let list = key("together.\(number / shards / (AuditLoad.tokensPerList / 3))", shard: shard)
            await append(writer, number, shard, "together", list) {
                await client.send(["APPEND", list, $0], shard: shard)
            }
            number += 1
        }
    }

    /// A writer that asks one node whatever it answers: most of the time it does not lead, or is no more to lead.
    func prod(_ shard: Int, _ node: NodeAddress, _ writer: Int, _ client: AuditClient) async {
        var number = 0
        while !isStopping {
            let list = key("prod.\(number / AuditLoad.tokensPerList)", shard: shard)
            await append(writer, number, shard, "prod", list, isProd: true) {
                await client.ask(["APPEND", list, $0], at: node)
            }
            await lookDirectly(shard, node, client)
            number += 1
        }
    }

    private func append(
        _ writer: Int,
        _ number: Int,
        _ shard: Int,
        _ stem: String,
        _ list: String,
        isProd: Bool = false,
        _ send: (String) async -> AuditClient.Answer
    ) async {
        var token = History.Token(writer: writer, number: number)
        let begun = ContinuousClock.now
        let answer = await send(token.text)
        let trouble = state.withLock { state -> Bool in
            switch answer {
            case .reply(.integer(let length)):
                token.outcome = .acknowledged
                token.length = length
                state.floors[list] = max(length, state.floors[list] ?? 0)
                state.current["\(stem) \(shard)"] = list
                if !isProd { noteWrite(shard, begun: begun, &state) }
            case .reply(let reply): note(loss: "APPEND: \(reply)", shard, &state)
            case .refused(let refusal):
                token.outcome = .refused(refusal)
                if !isProd { note(refusal, &state) }
            case .unknown(let text): if !isProd { note(loss: text, shard, &state) }
            }
            state.history.lists[list, default: []].append(token)
            return token.outcome != .acknowledged
        }
        await pause(trouble)
    }

    func set(_ writer: Int, _ client: AuditClient) async {
        var number = 0
        while !isStopping {
            let (key, value) = ("set\(writer).\(number)", "value \(number) of \(writer)")
            await perform(["SET", key, value], key, client) { history, outcome, _ in
                history.writes[key] = History.Write(value: value, outcome: outcome)
            }
            number += 1
        }
    }

    /// Several claim the same keys one after the other.
    func claim(_ writer: Int, _ client: AuditClient) async {
        var number = 0
        while !isStopping {
            let (key, name) = ("claim.\(number)", "claimant \(writer)")
            await perform(["SET", key, name, "NX"], key, client) { history, outcome, reply in
                let claim = History.Claim(name: name, outcome: outcome, isWon: reply == .simple("OK"))
                history.claims[key, default: []].append(claim)
            }
            number += 1
        }
    }

    func count(_ client: AuditClient) async {
        var number = 0
        while !isStopping {
            let key = key("counter", shard: number % shards)
            await perform(["INCR", key], key, client) { history, outcome, reply in
                switch outcome {
                case .acknowledged: history.counts[key, default: .init()].told.append(reply?.integer ?? -1)
                case .unknown: history.counts[key, default: .init()].unknown += 1
                case .refused: history.counts[key, default: .init()].unknown += 0
                }
            }
            number += 1
        }
    }

    private func perform(
        _ words: [String],
        _ key: String,
        _ client: AuditClient,
        _ note: (inout History, History.Outcome, RESPReply?) -> Void
    ) async {
        let begun = ContinuousClock.now
        let shard = shard(of: key)
        let answer = await client.send(words, shard: shard)
        let trouble = state.withLock { state -> Bool in
            switch answer {
            case .reply(let reply):
                note(&state.history, .acknowledged, reply)
                noteWrite(shard, begun: begun, &state)
                return false
            case .refused(let refusal):
                note(&state.history, .refused(refusal), nil)
                self.note(refusal, &state)
            case .unknown(let text):
                note(&state.history, .unknown, nil)
                self.note(loss: text, shard, &state)
            }
            return true
        }
        await pause(trouble)
    }

    func pause(_ trouble: Bool) async {
        // The pace of the load; ended early by nothing, and waited for by nobody.
        try? await Task.sleep(for: trouble ? AuditLoad.pauseAfterRefusal : AuditLoad.pause)
    }
}
