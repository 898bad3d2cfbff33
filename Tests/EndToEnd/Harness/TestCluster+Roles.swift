import Glibc
import Model
import Routing
import Server

/// Who leads, who follows, and whether all is well.
extension TestCluster {
    /// A shard's members by what they say of themselves.
    struct ShardRoles: CustomStringConvertible {
        var leaders: [Member] = []
        var replicas: [Member] = []
        /// What keeps it from being whole, in words.
        var trouble: [String] = []

        var isWhole: Bool { leaders.count == 1 && trouble.isEmpty }

        var description: String { "\(leaders.count) leaders, \(replicas.count) replicas, \(trouble)" }
    }

    /// The cluster's map, as config.yaml and the policy have it.
    func slotMap() throws -> SlotMap {
        let config = try ClusterConfig.load(file: configFile)
        return try config.placement.map(current: nil, shards: config.shardNames)
    }

    func index(of shard: String) -> Int { Int(shard.dropFirst(5)) ?? 0 }

    var shardCount: Int { Set(members.map(\.shard)).count }

    func members(of shard: Int) -> [Member] { members.filter { index(of: $0.shard) == shard } }

    /// Asks every member. Whole is a shard with one leader, all others in sync and at its position.
    func roles() async throws -> [ShardRoles] {
        var all = (0..<shardCount).map { _ in ShardRoles() }
        for shard in all.indices {
            var statuses: [(Member, NodeStatus)] = []
            for member in members(of: shard) {
                guard let status = try? await status(of: member) else {
                    all[shard].trouble.append("\(member.address) does not answer")
                    continue
                }
                statuses.append((member, status))
                if status.role == .leader {
                    all[shard].leaders.append(member)
                } else {
                    all[shard].replicas.append(member)
                }
            }
            let leader = statuses.first { $0.1.role == .leader }?.1
            for (member, status) in statuses {
                let isInSync = leader?.leadership?.members.contains { $0.address == status.address && $0.inSync }
                guard status.state == .running, status.position == leader?.position, isInSync ?? false,
                    status.lag == NodeStatus.Lag()
                else {
                    let text = "\(member.address) \(status.state) \(status.position) \(status.lag) \(status.message)"
                    all[shard].trouble.append(text)
                    continue
                }
            }
        }
        return all
    }

    /// The shard's leader once it serves.
    func leader(of shard: Int, within limit: Duration = .seconds(30)) async throws -> Member {
        var found: Member?
        _ = try await Poll.until(within: limit) {
            for member in members(of: shard) {
                let status = try? await status(of: member)
                if status?.role == .leader, status?.leadership?.leader == "\(member.address)" { found = member }
            }
            return found != nil
        }
        guard let found else { throw TestFailure("shard \(shard) has no leader after \(limit)") }
        return found
    }

    /// A key of each shard of the map.
    private func probes() throws -> [String] {
        let map = try slotMap()
        return map.shardNames.indices.compactMap { shard in
            (0...).lazy.map { "probe.\($0)" }.first { key in
                Int(map.owner(of: PackageList.slot(of: Array(key.utf8)))) == shard
            }
        }
    }

    /// Until each shard has a leader that every node sends clients to, and every member is in its in-sync set.
    func waitUntilInSync(within limit: Duration = .seconds(60)) async throws {
        var last: [String] = []
        let probes = try probes()
        let isInSync = try await Poll.until(within: limit) {
            last = []
            for shard in 0..<shardCount {
                for member in members(of: shard) {
                    let status = try? await status(of: member)
                    if status?.inSync != true || status?.state != .running {
                        let text = "\(member.address): \(status.map { "\($0.state) \($0.message)" } ?? "no answer")"
                        last.append(text)
                    }
                    // A leader serves before the others have heard of it.
                    for key in probes {
                        let answer = try? await HTTPFetch.request(
                            method: "GET",
                            address: member.listen,
                            path: "/kv/\(key)"
                        )
                        if answer?.status == 503 { last.append("\(member.address) knows no leader for \(key)") }
                    }
                }
            }
            return last.isEmpty
        }
        guard isInSync else { throw TestFailure("not in sync after \(limit): \(last)") }
    }

    /// What members have logged of peers that did not keep to the protocol.
    var protocolComplaints: [String] {
        members.flatMap { member in
            String(decoding: TestFolder.read(log(of: member)), as: UTF8.self).split(separator: "\n")
                .filter { $0.contains("broke the protocol") }.map(String.init)
        }
    }

    /// What members have logged of changes of leaders, and warnings and errors: why something went wrong.
    var chronicle: String {
        var lines: [String] = []
        for member in members {
            for line in String(decoding: TestFolder.read(log(of: member)), as: UTF8.self).split(separator: "\n")
            where ["[Node] leadership", " warning ", " error ", " critical "].contains(where: line.contains) {
                lines.append(String(line.prefix(400)))
            }
        }
        return (lines.sorted().suffix(80) + [StallWatch.shared.words]).joined(separator: "\n")
    }

    /// As a crash does.
    func kill(_ member: Member) async throws {
        member.process?.signal(SIGKILL)
        _ = try await member.process?.waitForExit()
        member.process = nil
    }

    /// SIGTERM, and the end of the process.
    func stop(_ member: Member) async throws {
        member.process?.signal(SIGTERM)
        let exit = try await member.process?.waitForExit(within: .seconds(30))
        guard exit == .code(0) else { throw TestFailure("\(member.address) ended with \(exit.map { "\($0)" } ?? "")") }
        member.process = nil
    }
}
