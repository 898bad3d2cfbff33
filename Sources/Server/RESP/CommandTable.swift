/// The replies of COMMAND, in the formats of Redis 7.
package enum CommandTable {
    /// The reply to `COMMAND arguments…`; without arguments all commands.
    /// - Parameter version: the connection's protocol, 2 or 3.
    package static func append(_ arguments: [[UInt8]], version: Int, to bytes: inout [UInt8]) {
        guard let first = arguments.first else { return appendInfo([], version: version, to: &bytes) }
        let rest = Array(arguments.dropFirst())
        let word = String(decoding: first, as: UTF8.self)
        switch RESPSubcommands.check(.command, word, count: arguments.count + 1) {
        case .refused(let text): bytes.appendRESPError(text)
        case .help: RESPSubcommands.appendHelp(.command, to: &bytes)
        case .known("count"): bytes.appendRESPInteger(entries.count)
        case .known("docs"): appendDocs(rest, version: version, to: &bytes)
        case .known("getkeys"): appendGetKeys(rest, to: &bytes)
        case .known("list"):
            bytes.appendRESPArray(count: entries.count)
            for entry in entries { bytes.appendRESPBulk(entry.command.name) }
        case .known: appendInfo(rest, version: version, to: &bytes)
        }
    }

    /// COMMAND INFO: a null for a name that is no command; without names all commands.
    private static func appendInfo(_ names: [[UInt8]], version: Int, to bytes: inout [UInt8]) {
        guard !names.isEmpty else {
            bytes.appendRESPArray(count: entries.count)
            for entry in entries { append(entry, version: version, to: &bytes) }
            return
        }
        bytes.appendRESPArray(count: names.count)
        for name in names {
            if let entry = entry(named: name) {
                append(entry, version: version, to: &bytes)
            } else {
                bytes.appendRESPNull(isArray: true, version: version)
            }
        }
    }

    /// COMMAND DOCS: names that are no commands are left out.
    private static func appendDocs(_ names: [[UInt8]], version: Int, to bytes: inout [UInt8]) {
        let found = names.isEmpty ? entries : names.compactMap(entry(named:))
        bytes.appendRESPMap(count: found.count, version: version)
        for entry in found {
            bytes.appendRESPBulk(entry.command.name)
            let fields = [
                ("summary", entry.summary), ("since", entry.since), ("group", entry.group.rawValue),
                ("complexity", entry.complexity),
            ]
            bytes.appendRESPMap(count: fields.count, version: version)
            for (name, value) in fields {
                bytes.appendRESPBulk(name)
                bytes.appendRESPBulk(value)
            }
        }
    }

    /// COMMAND GETKEYS: the keys of a whole command.
    private static func appendGetKeys(_ arguments: [[UInt8]], to bytes: inout [UInt8]) {
        guard let command = entry(named: arguments[0])?.command else {
            return bytes.appendRESPError("ERR Invalid command specified")
        }
        guard command.firstKey > 0 else {
            return bytes.appendRESPError("ERR The command has no key arguments")
        }
        let count = arguments.count
        guard command.arity >= 0 ? count == command.arity : count >= -command.arity else {
            return bytes.appendRESPError("ERR Invalid number of arguments specified for command")
        }
        let last = command.lastKey < 0 ? count + command.lastKey : command.lastKey
        let places = stride(from: command.firstKey, through: last, by: command.step)
        bytes.appendRESPArray(count: places.underestimatedCount)
        for place in places {
            bytes.appendRESPHead("$", arguments[place].count)
            bytes += arguments[place]
            bytes.append(contentsOf: "\r\n".utf8)
        }
    }

    private static func entry(named name: [UInt8]) -> Entry? {
        guard let command = name.withUnsafeBytes({ RESPCommand.lookup($0) }) else { return nil }
        return entries[Int(command.rawValue)]
    }

    private static func append(_ entry: Entry, version: Int, to bytes: inout [UInt8]) {
        let command = entry.command
        bytes.appendRESPArray(count: 10)
        bytes.appendRESPBulk(command.name)
        bytes.appendRESPInteger(command.arity)
        appendWords(entry.flags, version: version, to: &bytes)
        bytes.appendRESPInteger(command.firstKey)
        bytes.appendRESPInteger(command.lastKey)
        bytes.appendRESPInteger(command.step)
        appendWords(entry.categories, version: version, to: &bytes)
        bytes.appendRESPSet(count: entry.tips.count, version: version)
        for tip in entry.tips { bytes.appendRESPBulk(tip) }
        appendKeySpecification(entry, version: version, to: &bytes)
        // Subcommands: none is told; the containers' own entries are enough to route by.
        bytes.appendRESPSet(count: 0, version: version)
    }

    /// Where the keys are, in the form Redis 7 added: they begin at an index and reach to the last one.
    private static func appendKeySpecification(_ entry: Entry, version: Int, to bytes: inout [UInt8]) {
        guard entry.command.firstKey > 0 else { return bytes.appendRESPSet(count: 0, version: version) }
        bytes.appendRESPSet(count: 1, version: version)
        bytes.appendRESPMap(count: 3, version: version)
        bytes.appendRESPBulk("flags")
        appendWords(entry.keyFlags, version: version, to: &bytes)
        let lastKey = entry.command.lastKey < 0 ? entry.command.lastKey : entry.command.lastKey - entry.command.firstKey
        let parts: [(name: String, type: String, fields: [(String, Int)])] = [
            ("begin_search", "index", [("index", entry.command.firstKey)]),
            ("find_keys", "range", [("lastkey", lastKey), ("keystep", entry.command.step), ("limit", 0)]),
        ]
        for part in parts {
            bytes.appendRESPBulk(part.name)
            bytes.appendRESPMap(count: 2, version: version)
            bytes.appendRESPBulk("type")
            bytes.appendRESPBulk(part.type)
            bytes.appendRESPBulk("spec")
            bytes.appendRESPMap(count: part.fields.count, version: version)
            for (name, value) in part.fields {
                bytes.appendRESPBulk(name)
                bytes.appendRESPInteger(value)
            }
        }
    }

    private static func appendWords(_ words: [String], version: Int, to bytes: inout [UInt8]) {
        bytes.appendRESPSet(count: words.count, version: version)
        for word in words { bytes.appendRESPSimple(word) }
    }
}
