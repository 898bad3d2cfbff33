import Model
import Routing
import Storage

/// Commands about the node.
enum ServerCommands {
    static let all = [dbsize, info, command, config, slowlog]

    private static let dbsize = CommandDescriptor(
        "dbsize",
        .keyless(runDbsize),
        arity: 1,
        .server,
        since: "1.0.0",
        "Return the number of keys of this node",
        flags: "readonly fast",
        categories: "keyspace read fast",
        tips: "request_policy:all_shards response_policy:agg_sum"
    )

    private static let info = CommandDescriptor(
        "info",
        .keyless(runInfo),
        arity: -1,
        .server,
        since: "1.0.0",
        "Get information and statistics about the server",
        flags: "loading stale",
        categories: "slow dangerous",
        tips: "nondeterministic_output request_policy:all_shards response_policy:special",
        arguments: [.init("section", .string, isOptional: true, isMultiple: true)]
    )

    static let command = CommandDescriptor(
        "command",
        .keyless(runCommand),
        arity: -1,
        .server,
        since: "2.8.13",
        "Get array of Redis command details",
        complexity: "O(N) where N is the total number of commands",
        flags: "loading stale",
        categories: "slow connection",
        tips: "nondeterministic_output_order",
        subcommands: [
            Subcommand("count", 2, "Return the total number of commands."),
            Subcommand(
                "docs",
                -2,
                "[<command-name> ...]",
                "Return documentation of the commands, of all without names."
            ),
            Subcommand("getkeys", -4, "<full-command>", "Return the keys of a full command."),
            Subcommand(
                "info",
                -2,
                "[<command-name> ...]",
                "Return details about the commands, about all without names."
            ),
            Subcommand(
                "list",
                -2,
                "[FILTERBY (MODULE <module>|ACLCAT <category>|PATTERN <pattern>)]",
                "Return the names of all commands, or of those that the filter lets through."
            ),
        ]
    )

    private static let config = CommandDescriptor(
        "config",
        .keyless(runConfig),
        arity: -2,
        .server,
        since: "2.0.0",
        "A container for server configuration commands",
        complexity: "Depends on subcommand.",
        categories: "slow",
        subcommands: [
            Subcommand(
                "get",
                -3,
                "<pattern> ...",
                "Return settings that match the patterns; they stand in config.yaml."
            )
        ]
    )

    private static let slowlog = CommandDescriptor(
        "slowlog",
        .keyless(runSlowlog),
        arity: -2,
        .server,
        since: "2.2.12",
        "A container for slow log commands",
        complexity: "Depends on subcommand.",
        categories: "slow",
        subcommands: [
            Subcommand("get", -2, "[<count>]", "Return the newest entries of the slow log, 10 by default, all for -1."),
            Subcommand("len", 2, "Return the number of entries of the slow log."),
            Subcommand("reset", 2, "Remove all entries of the slow log."),
        ]
    )

    // MARK: What they do

    @Sendable
    private static func runDbsize(_ connection: any CommandConnection, _ arguments: Arguments, _ reply: inout Reply) {
        let state = connection.state
        guard let store = reply.readableStore(of: state) else { return }
        let now = connection.now
        connection.runOnPool(usesStore: true) { () -> Result<UInt64, StorageError> in
            let counts = store.slotCounts()
            // A copied folder holds slots of others too, until it is cleaned.
            let shows = state.shows(store)
            let sum = counts.indices.reduce(0) { shows(UInt16($1)) ? $0 + counts[$1].keys : $0 }
            do throws(StorageError) {
                let expired = try store.expiredKeys(now: now, shows: shows)
                return .success(sum - min(sum, expired))
            } catch {
                return .failure(error)
            }
        } _: { reply, result in
            switch result {
            case .success(let keys): reply.integer(Int64(clamping: keys))
            case .failure(let error): reply.error(error)
            }
        }
    }

    @Sendable
    private static func runInfo(_ connection: any CommandConnection, _ arguments: Arguments, _ reply: inout Reply) {
        let sections = arguments.restTexts
        let state = connection.state
        let control = connection.control
        let metrics = connection.metrics
        let followers = connection.collectFollowers
        let version = reply.version
        connection.runOnPool(usesStore: true) { () -> [UInt8] in
            var fields = InfoFields(state: state, status: control.status(), metrics: metrics)
            fields.replicas = followers()
            var text: [UInt8] = []
            InfoReply.append(sections, fields: fields, version: version, to: &text)
            return text
        } _: {
            $0.raw($1)
        }
    }

    @Sendable
    private static func runCommand(_ connection: any CommandConnection, _ arguments: Arguments, _ reply: inout Reply) {
        var text: [UInt8] = []
        CommandTable.append(arguments.rest, version: reply.version, to: &text)
        reply.raw(text)
    }

    @Sendable
    private static func runConfig(_ connection: any CommandConnection, _ arguments: Arguments, _ reply: inout Reply) {
        let subcommand = arguments.text(1)
        if ["set", "rewrite", "resetstat"].contains(subcommand.lowercased()) {
            return reply.error(
                "ERR CONFIG \(subcommand.uppercased()) is not supported: the settings stand in config.yaml"
            )
        }
        guard reply.subcommand(of: config, arguments) != nil else { return }
        let patterns = arguments.restTexts.dropFirst().map { Array($0.lowercased().utf8) }
        let found = settings(connection.state).filter { name, _ in
            var name = name
            return name.withUTF8 { name in
                patterns.contains { GlobPattern.matches($0[...], UnsafeRawBufferPointer(name)) }
            }
        }
        reply.map(count: found.count)
        for (name, value) in found {
            reply.bulk(name)
            reply.bulk(value)
        }
    }

    /// What clients ask of a Redis, in its names.
    private static func settings(_ state: ServingState) -> [(name: String, value: String)] {
        [
            ("save", ""), ("appendonly", "yes"),
            ("appendfsync", state.config.durability == .fsync ? "always" : "no"),
            ("databases", "1"), ("maxmemory", "0"), ("cluster-enabled", "yes"),
            ("proto-max-bulk-len", String(StorageLimits.valueBytesMax)),
            ("slowlog-log-slower-than", String(SlowLog.threshold / 1_000)),
            ("slowlog-max-len", String(SlowLog.entriesMax)),
        ]
    }

    @Sendable
    private static func runSlowlog(_ connection: any CommandConnection, _ arguments: Arguments, _ reply: inout Reply) {
        let log = connection.metrics.slow
        switch reply.subcommand(of: slowlog, arguments) {
        case "get": writeSlowest(log, arguments, &reply)
        case "len": reply.integer(Int64(log.count))
        case "reset":
            log.reset()
            reply.ok()
        default: break
        }
    }

    private static func writeSlowest(_ log: SlowLog, _ arguments: Arguments, _ reply: inout Reply) {
        // As Redis words it.
        guard arguments.count <= 3 else { return reply.wrongCount(of: "slowlog|get") }
        var count: Int64 = 10
        if arguments.count == 3 {
            guard let asked = RESPInteger.parse(arguments[2]) else { return reply.notAnInteger() }
            guard asked >= -1 else { return reply.error("ERR count should be greater than or equal to -1") }
            count = asked == -1 ? .max : asked
        }
        let found = log.newest(Int(clamping: count))
        reply.array(count: found.count)
        for kept in found {
            reply.array(count: 6)
            reply.integer(Int64(clamping: kept.entry.number))
            reply.integer(Int64(kept.entry.time))
            reply.integer(Int64(clamping: kept.entry.microseconds))
            reply.array(count: kept.words.count)
            for word in kept.words { reply.bulk(word) }
            reply.bulk(kept.entry.client)
            // Names are those of a connection, which may have gone.
            reply.bulk("")
        }
    }
}
