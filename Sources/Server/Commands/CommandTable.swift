/// The replies of COMMAND, in the formats of Redis 7.
package enum CommandTable {
    /// The reply to `COMMAND arguments…`; without arguments all commands.
    /// - Parameter version: the connection's protocol, 2 or 3.
    package static func append(_ arguments: [[UInt8]], version: Int, to bytes: inout [UInt8]) {
        guard let first = arguments.first else { return appendInfo([], version: version, to: &bytes) }
        let rest = Array(arguments.dropFirst())
        let descriptor = ServerCommands.command
        switch descriptor.check(String(decoding: first, as: UTF8.self), count: arguments.count + 1) {
        case .refused(let text): bytes.appendRESPError(text)
        case .help: descriptor.appendHelp(to: &bytes)
        case .known("count"): bytes.appendRESPInteger(all.count)
        case .known("docs"): appendDocs(rest, version: version, to: &bytes)
        case .known("getkeys"): appendGetKeys(rest, to: &bytes)
        case .known("list"): appendList(rest, to: &bytes)
        case .known: appendInfo(rest, version: version, to: &bytes)
        }
    }

    private static var all: [CommandDescriptor] { CommandRegistry.descriptors }

    /// COMMAND LIST, all names or those that a filter lets through.
    private static func appendList(_ words: [[UInt8]], to bytes: inout [UInt8]) {
        let texts = words.map { String(decoding: $0, as: UTF8.self).lowercased() }
        let isShown: (CommandDescriptor) -> Bool
        if texts.isEmpty {
            isShown = { _ in true }
        } else if texts.count == 3, texts[0] == "filterby" {
            switch texts[1] {
            case "module": isShown = { _ in false }
            case "aclcat": isShown = { $0.categories.contains("@" + texts[2]) }
            case "pattern":
                let pattern = Array(texts[2].utf8)
                isShown = { Array($0.name.utf8).withUnsafeBytes { GlobPattern.matches(pattern[...], $0) } }
            default: return bytes.appendRESPError(SetOptions.syntaxError)
            }
        } else {
            return bytes.appendRESPError(SetOptions.syntaxError)
        }
        let shown = all.filter(isShown)
        bytes.appendRESPArray(count: shown.count)
        for descriptor in shown { bytes.appendRESPBulk(descriptor.name) }
    }

    /// COMMAND INFO: a null for a name that is no command; without names all commands.
    private static func appendInfo(_ names: [[UInt8]], version: Int, to bytes: inout [UInt8]) {
        guard !names.isEmpty else {
            bytes.appendRESPArray(count: all.count)
            for descriptor in all { append(descriptor, version: version, to: &bytes) }
            return
        }
        bytes.appendRESPArray(count: names.count)
        for name in names {
            if let descriptor = CommandRegistry.descriptor(named: name) {
                append(descriptor, version: version, to: &bytes)
            } else {
                bytes.appendRESPNull(isArray: true, version: version)
            }
        }
    }

    /// COMMAND DOCS: names that are no commands are left out.
    private static func appendDocs(_ names: [[UInt8]], version: Int, to bytes: inout [UInt8]) {
        let found = names.isEmpty ? all : names.compactMap(CommandRegistry.descriptor(named:))
        bytes.appendRESPMap(count: found.count, version: version)
        for descriptor in found {
            bytes.appendRESPBulk(descriptor.name)
            let fields = [
                ("summary", descriptor.summary), ("since", descriptor.since), ("group", descriptor.group.rawValue),
                ("complexity", descriptor.complexity),
            ]
            let arguments = descriptor.arguments
            bytes.appendRESPMap(count: fields.count + (arguments.isEmpty ? 0 : 1), version: version)
            for (name, value) in fields {
                bytes.appendRESPBulk(name)
                bytes.appendRESPBulk(value)
            }
            if arguments.isEmpty { continue }
            bytes.appendRESPBulk("arguments")
            bytes.appendRESPArray(count: arguments.count)
            for argument in arguments { argument.append(version: version, to: &bytes) }
        }
    }

    /// COMMAND GETKEYS: the keys of a whole command.
    private static func appendGetKeys(_ arguments: [[UInt8]], to bytes: inout [UInt8]) {
        guard let descriptor = CommandRegistry.descriptor(named: arguments[0]) else {
            return bytes.appendRESPError("ERR Invalid command specified")
        }
        guard let keys = descriptor.keys else {
            return bytes.appendRESPError("ERR The command has no key arguments")
        }
        let count = arguments.count
        guard descriptor.arity >= 0 ? count == descriptor.arity : count >= -descriptor.arity else {
            return bytes.appendRESPError("ERR Invalid number of arguments specified for command")
        }
        let last = keys.last < 0 ? count + keys.last : keys.last
        let places = Array(stride(from: keys.first, through: last, by: keys.step))
        bytes.appendRESPArray(count: places.count)
        for place in places {
            bytes.appendRESPHead("$", arguments[place].count)
            bytes += arguments[place]
            bytes.append(contentsOf: "\r\n".utf8)
        }
    }

    private static func append(_ descriptor: CommandDescriptor, version: Int, to bytes: inout [UInt8]) {
        bytes.appendRESPArray(count: 10)
        bytes.appendRESPBulk(descriptor.name)
        bytes.appendRESPInteger(descriptor.arity)
        appendWords(descriptor.flags, version: version, to: &bytes)
        bytes.appendRESPInteger(descriptor.keys?.first ?? 0)
        bytes.appendRESPInteger(descriptor.keys?.last ?? 0)
        bytes.appendRESPInteger(descriptor.keys?.step ?? 0)
        appendWords(descriptor.categories, version: version, to: &bytes)
        bytes.appendRESPSet(count: descriptor.tips.count, version: version)
        for tip in descriptor.tips { bytes.appendRESPBulk(tip) }
        appendKeySpecification(descriptor.keys, version: version, to: &bytes)
        // Subcommands: none is told; the containers' own descriptors are enough to route by.
        bytes.appendRESPSet(count: 0, version: version)
    }

    /// Where the keys are, in the form Redis 7 added: they begin at an index and reach to the last one.
    private static func appendKeySpecification(
        _ keys: CommandDescriptor.Keys?,
        version: Int,
        to bytes: inout [UInt8]
    ) {
        guard let keys else { return bytes.appendRESPSet(count: 0, version: version) }
        bytes.appendRESPSet(count: 1, version: version)
        bytes.appendRESPMap(count: 3, version: version)
        bytes.appendRESPBulk("flags")
        appendWords(keys.flags, version: version, to: &bytes)
        let last = keys.last < 0 ? keys.last : keys.last - keys.first
        let parts: [(name: String, type: String, fields: [(String, Int)])] = [
            ("begin_search", "index", [("index", keys.first)]),
            ("find_keys", "range", [("lastkey", last), ("keystep", keys.step), ("limit", 0)]),
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
