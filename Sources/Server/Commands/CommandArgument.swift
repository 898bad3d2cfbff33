/// One argument of a command, as COMMAND DOCS tells it to clients.
package struct CommandArgument: Sendable {
    package enum Kind: String, Sendable {
        case string, integer, key, pattern, block
        case unixTime = "unix-time"
        case pureToken = "pure-token"
        case oneOf = "oneof"
    }

    package let name: String
    package let kind: Kind
    /// The word that stands in front of it, or is all of it.
    package let token: String?
    /// The version of Redis that has it, if the command is older.
    package let since: String?
    package let isOptional: Bool
    package let isMultiple: Bool
    /// What a block or a choice is made of.
    package let parts: [CommandArgument]

    init(
        _ name: String,
        _ kind: Kind,
        token: String? = nil,
        since: String? = nil,
        isOptional: Bool = false,
        isMultiple: Bool = false,
        parts: [CommandArgument] = []
    ) {
        self.name = name
        self.kind = kind
        self.token = token
        self.since = since
        self.isOptional = isOptional
        self.isMultiple = isMultiple
        self.parts = parts
    }

    static let key = CommandArgument("key", .key)
    static let keys = CommandArgument("key", .key, isMultiple: true)
    static let value = CommandArgument("value", .string)
    static let seconds = CommandArgument("seconds", .integer)
    static let milliseconds = CommandArgument("milliseconds", .integer)

    /// A word that is its own meaning, such as NX.
    static func word(_ token: String, since: String? = nil, isOptional: Bool = false) -> CommandArgument {
        CommandArgument(token.lowercased(), .pureToken, token: token, since: since, isOptional: isOptional)
    }

    /// In the form of Redis 7: only what differs from the default.
    func append(version: Int, to bytes: inout [UInt8]) {
        let flags = (isOptional ? ["optional"] : []) + (isMultiple ? ["multiple"] : [])
        var fields = [("name", name), ("type", kind.rawValue)]
        if let token { fields.append(("token", token)) }
        if let since { fields.append(("since", since)) }
        let count = fields.count + (kind == .key ? 1 : 0) + (flags.isEmpty ? 0 : 1) + (parts.isEmpty ? 0 : 1)
        bytes.appendRESPMap(count: count, version: version)
        for (index, field) in fields.enumerated() {
            bytes.appendRESPBulk(field.0)
            bytes.appendRESPBulk(field.1)
            if index == 1, kind == .key {
                bytes.appendRESPBulk("key_spec_index")
                bytes.appendRESPInteger(0)
            }
        }
        if !flags.isEmpty {
            bytes.appendRESPBulk("flags")
            bytes.appendRESPSet(count: flags.count, version: version)
            for flag in flags { bytes.appendRESPSimple(flag) }
        }
        if !parts.isEmpty {
            bytes.appendRESPBulk("arguments")
            bytes.appendRESPArray(count: parts.count)
            for part in parts { part.append(version: version, to: &bytes) }
        }
    }
}
