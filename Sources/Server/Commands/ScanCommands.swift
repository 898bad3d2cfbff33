import Routing
import Storage

/// Commands that list keys.
enum ScanCommands {
    static let all = [scan, keys]

    private static let scan = CommandDescriptor(
        "scan",
        .keyless(runScan),
        arity: -2,
        .generic,
        since: "2.8.0",
        "Incrementally iterate the keys space",
        complexity: "O(1) for every call.",
        flags: "readonly",
        categories: "keyspace read slow",
        tips: "nondeterministic_output request_policy:special",
        arguments: [
            .init("cursor", .integer), .init("pattern", .pattern, token: "MATCH", isOptional: true),
            .init("count", .integer, token: "COUNT", isOptional: true),
            .init("type", .string, token: "TYPE", since: "6.0.0", isOptional: true),
        ]
    )

    private static let keys = CommandDescriptor(
        "keys",
        .keyless(runKeys),
        arity: 2,
        .generic,
        since: "1.0.0",
        "Find all keys matching the given pattern",
        complexity: "O(N) with N being the number of keys.",
        flags: "readonly",
        categories: "keyspace read slow dangerous",
        tips: "request_policy:all_shards nondeterministic_output_order",
        arguments: [.init("pattern", .pattern)]
    )

    // MARK: What they do

    @Sendable
    private static func runScan(_ connection: any CommandConnection, _ arguments: Arguments, _ reply: inout Reply) {
        guard let cursor = KeyScan.cursor(arguments[1]) else { return reply.error("ERR invalid cursor") }
        guard let options = ScanOptions(arguments, &reply) else { return }
        let state = connection.state
        guard let store = reply.readableStore(of: state) else { return }
        let now = connection.now
        connection.runOnPool(usesStore: true) { () -> Result<KeyScan.Page, StorageError> in
            do throws(StorageError) {
                let snapshot = try store.snapshot()
                defer { snapshot.close() }
                let page = try KeyScan.page(
                    snapshot,
                    cursor: cursor,
                    count: options.count,
                    now: now,
                    counts: store.slotCounts(),
                    owns: state.shows(store),
                    matches: options.matches
                )
                return .success(page)
            } catch {
                return .failure(error)
            }
        } _: { reply, result in
            switch result {
            case .success(let page):
                reply.array(count: 2)
                reply.bulk(String(page.cursor))
                write(page.keys, &reply)
            case .failure(let error): reply.error(error)
            }
        }
    }

    @Sendable
    private static func runKeys(_ connection: any CommandConnection, _ arguments: Arguments, _ reply: inout Reply) {
        let pattern = Array(arguments[1])
        let state = connection.state
        guard let store = reply.readableStore(of: state) else { return }
        let now = connection.now
        connection.runOnPool(usesStore: true) { () -> Result<ReplyParts?, StorageError> in
            KeyListing.page(
                store,
                state,
                prefix: [],
                limit: .max,
                bytesMax: Reply.bytesMax,
                after: nil,
                now: now,
                matches: { GlobPattern.matches(pattern[...], $0) }
            ).map { $0.hasMore ? nil : parts($0.keys) }
        } _: { reply, result in
            switch result {
            case .success(let parts?): reply.parts = parts
            case .success(nil): reply.tooLong("use SCAN")
            case .failure(let error): reply.error(error)
            }
        }
    }

    /// A reply of very many keys is written off the loop.
    private static func parts(_ keys: [[UInt8]]) -> ReplyParts {
        var parts = ReplyParts()
        parts.array(count: keys.count)
        for key in keys { key.withUnsafeBytes { parts.bulk($0) } }
        return parts
    }

    private static func write(_ keys: [[UInt8]], _ reply: inout Reply) {
        reply.array(count: keys.count)
        for key in keys { reply.bulk(key) }
    }
}

/// The words after `SCAN cursor`.
private struct ScanOptions {
    var count = 10
    var pattern: [UInt8]?
    var typeMatches = true

    /// nil when they were refused.
    init?(_ arguments: Arguments, _ reply: inout Reply) {
        var index = 2
        while index < arguments.count {
            guard index + 1 < arguments.count else {
                reply.error(SetOptions.syntaxError)
                return nil
            }
            switch arguments.text(index).uppercased() {
            case "COUNT":
                guard let number = RESPInteger.parse(arguments[index + 1]) else {
                    reply.notAnInteger()
                    return nil
                }
                guard number > 0 else {
                    reply.error(SetOptions.syntaxError)
                    return nil
                }
                count = min(Int(number), KeyScan.countMax)
            case "MATCH": pattern = Array(arguments[index + 1])
            case "TYPE": typeMatches = arguments.text(index + 1).lowercased() == "string"
            default:
                reply.error(SetOptions.syntaxError)
                return nil
            }
            index += 2
        }
    }

    func matches(_ key: UnsafeRawBufferPointer) -> Bool {
        typeMatches && (pattern.map { GlobPattern.matches($0[...], key) } ?? true)
    }
}
