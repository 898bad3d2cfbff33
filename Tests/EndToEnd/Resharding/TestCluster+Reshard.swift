import FoundationEssentials
import Model
import Routing
import Server
import TestSupport
import Testing

/// What tests of resharding do with a cluster.
extension TestCluster {
    /// Runs `shoal reshard` with these words.
    func reshard(_ words: String..., within limit: Duration = .seconds(180)) async throws -> ChildProcess.Finished {
        try await ShoalBinary.run(["reshard"] + words, config: configFile, within: limit)
    }

    func reshardStatus() async throws -> ReshardStatus {
        let printed = try await reshard("status", "--json")
        guard let status = StatusJSON.decode(ReshardStatus.self, from: printed.output) else {
            throw TestFailure("not a reshard's status: \(printed.text) \(printed.errors)")
        }
        return status
    }

    /// Keys `fill0`, `fill1` and so on: something to copy.
    func fill(keys: Int, valueBytes: Int, tag: String = "") async throws {
        let connections = Connections()
        let value = [UInt8](repeating: UInt8(ascii: "v"), count: valueBytes)
        let first = members[0].listen
        for start in stride(from: 0, to: keys, by: 500) {
            let commands = (start..<min(keys, start + 500)).map {
                [Array("SET".utf8), Array("fill\($0)\(tag)".utf8), value]
            }
            // On a machine that is full, a leader may lose its lease meanwhile: writing the same again changes nothing.
            var replies: [RESPReply?] = []
            _ = try await Poll.until {
                replies = await connections.replies(to: commands, from: first)
                return !replies.contains { reply in
                    guard case .error(let text) = reply else { return false }
                    return text.hasPrefix("CLUSTERDOWN")
                }
            }
            if let reply = replies.first(where: { $0 != .simple("OK") }) {
                throw TestFailure("can't fill: \(reply.map { "\($0)" } ?? "no answer")")
            }
        }
        await connections.close()
    }

    /// Every node holds keys only of slots that its shard owns, soon; and the filled keys are all there.
    func expectNoOrphans(filled: Int, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        var orphans: [String] = []
        let isClean = try await Poll.until(within: .seconds(120)) {
            orphans = []
            for member in members {
                let response = try await HTTPFetch.request(method: "GET", address: member.listen, path: "/slots")
                guard let document = StatusJSON.decode(SlotsDocument.self, from: response.body) else {
                    throw TestFailure("not slots: \(String(decoding: response.body.prefix(300), as: UTF8.self))")
                }
                let index = document.map.index(ofShard: member.shard)
                for run in document.runs {
                    for (offset, keys) in run.keys.enumerated() where keys > 0 {
                        let owner = document.map.owners[run.slot + offset]
                        if owner != index {
                            orphans.append("\(keys) keys of slot \(run.slot + offset) at \(member.address)")
                        }
                    }
                }
            }
            return orphans.isEmpty
        }
        #expect(isClean, "\(orphans.count) slots: \(orphans.prefix(5))", sourceLocation: sourceLocation)
        var found = 0
        for shard in 0..<shardCount {
            let leader = try await leader(of: shard)
            found += try await Contents.read(leader.listen, isReplica: false).keys.count { $0.hasPrefix("fill") }
        }
        #expect(found == filled, "\(found) of \(filled) keys", sourceLocation: sourceLocation)
    }
}
