import Model

/// The text of INFO.
package enum InfoReply {
    /// What clients take the server for: the Redis whose replies and commands Shoal follows.
    package static let redisVersion = "7.0.0"

    private static let sections: [(name: String, lines: @Sendable (InfoFields) -> [String])] = [
        ("Server", server), ("Clients", clients), ("Memory", memory), ("Stats", stats), ("Replication", replication),
        ("CPU", processor), ("Cluster", cluster), ("Keyspace", keyspace),
    ]

    /// The reply to `INFO names…`: all sections without names or with `all`, `default` or `everything`; unknown ones
    /// are left out, as in Redis.
    package static func append(_ names: [String], fields: InfoFields, version: Int, to bytes: inout [UInt8]) {
        bytes.appendRESPText(text(names, fields: fields), version: version)
    }

    /// The text alone.
    package static func text(_ names: [String], fields: InfoFields) -> String {
        let names = Set(names.map { $0.lowercased() })
        let isAll = names.isEmpty || !names.isDisjoint(with: ["all", "default", "everything"])
        return sections.filter { isAll || names.contains($0.name.lowercased()) }
            .map { section in
                "# \(section.name)\r\n" + section.lines(fields).map { $0 + "\r\n" }.joined()
            }
            .joined(separator: "\r\n")
    }

    @Sendable private static func server(_ fields: InfoFields) -> [String] {
        [
            "redis_version:\(redisVersion)", "shoal_version:\(fields.shoalVersion)", "redis_mode:cluster", "os:Linux",
            "arch_bits:\(Int.bitWidth)", "process_id:\(fields.processID)", "tcp_port:\(fields.address.port)",
            "uptime_in_seconds:\(fields.uptimeSeconds)", "uptime_in_days:\(fields.uptimeSeconds / 86400)",
            "shoal_engine:\(fields.engine)", "shoal_durability:\(fields.durability)",
        ]
    }

    @Sendable private static func clients(_ fields: InfoFields) -> [String] {
        [
            "connected_clients:\(fields.connections)", "maxclients:\(fields.connectionsMax)",
            "blocked_clients:\(fields.connectionsWaiting)",
        ]
    }

    @Sendable private static func memory(_ fields: InfoFields) -> [String] {
        [
            "used_memory:\(fields.memoryBytes)", "used_memory_human:\(human(fields.memoryBytes))",
            "used_memory_rss:\(fields.residentBytes)", "used_memory_rss_human:\(human(fields.residentBytes))",
            "maxmemory:0", "maxmemory_human:0B", "maxmemory_policy:noeviction",
        ]
    }

    @Sendable private static func stats(_ fields: InfoFields) -> [String] {
        [
            "total_connections_received:\(fields.connectionsReceived)", "total_commands_processed:\(fields.commands)",
            "instantaneous_ops_per_sec:\(fields.operationsPerSecond)",
            "total_net_input_bytes:\(fields.networkInputBytes)", "total_net_output_bytes:\(fields.networkOutputBytes)",
            "rejected_connections:\(fields.connectionsRefused)", "evicted_keys:0",
            "total_error_replies:\(fields.errors)", "keyspace_hits:\(fields.readHits)",
            "keyspace_misses:\(fields.readMisses)",
        ]
    }

    @Sendable private static func replication(_ fields: InfoFields) -> [String] {
        var lines = ["role:\(fields.isLeader ? "master" : "slave")"]
        if let leader = fields.leader, !fields.isLeader {
            lines += [
                "master_host:\(leader.host)", "master_port:\(leader.port)",
                "master_link_status:\(fields.isLinked ? "up" : "down")",
                "master_last_io_seconds_ago:\(fields.secondsSinceLeader)", "master_sync_in_progress:0",
                "slave_repl_offset:\(fields.sequence)", "slave_read_only:1",
            ]
        }
        lines.append("connected_slaves:\(fields.replicas.count)")
        for (index, replica) in fields.replicas.enumerated() {
            let state = replica.isOnline ? "online" : "wait_bgsave"
            lines.append(
                "slave\(index):ip=\(replica.address.host),port=\(replica.address.port),state=\(state),"
                    + "offset=\(replica.sequence),lag=\(replica.lagSeconds)"
            )
        }
        return lines + ["master_repl_offset:\(fields.sequence)"]
    }

    @Sendable private static func processor(_ fields: InfoFields) -> [String] {
        ["used_cpu_sys:\(decimal(fields.systemSeconds))", "used_cpu_user:\(decimal(fields.userSeconds))"]
    }

    @Sendable private static func cluster(_ fields: InfoFields) -> [String] {
        [
            "cluster_enabled:1", "shoal_cluster:\(fields.cluster)", "shoal_shard:\(fields.shard)",
            "shoal_slots:\(fields.slots)", "shoal_map_version:\(fields.mapVersion)",
        ]
    }

    @Sendable private static func keyspace(_ fields: InfoFields) -> [String] {
        fields.keys == 0 ? [] : ["db0:keys=\(fields.keys)"]
    }

    /// Redis's own rounding: two decimals and B, K, M, G or T.
    private static func human(_ bytes: UInt64) -> String {
        var value = Double(bytes)
        var units = "BKMGT".makeIterator()
        var unit = units.next() ?? "B"
        guard bytes >= 1024 else { return "\(bytes)B" }
        while value >= 1024, let next = units.next() {
            value /= 1024
            unit = next
        }
        let hundredths = Int((value * 100).rounded())
        return "\(hundredths / 100).\(twoDigits(hundredths % 100))\(unit)"
    }

    private static func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    /// Six decimals, as Redis prints processor times.
    private static func decimal(_ seconds: Double) -> String {
        let micros = UInt64(max(0, seconds * 1_000_000))
        let fraction = String(micros % 1_000_000)
        return "\(micros / 1_000_000)." + String(repeating: "0", count: 6 - fraction.count) + fraction
    }
}
