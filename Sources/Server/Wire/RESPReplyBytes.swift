/// Replies of RESP 2 and 3 for the slow path, appended to plain bytes; `version` is the connection's protocol.
extension [UInt8] {
    mutating func appendRESPHead(_ type: Character, _ number: some BinaryInteger) {
        append(contentsOf: "\(type)\(number)\r\n".utf8)
    }

    mutating func appendRESPInteger(_ value: some BinaryInteger) { appendRESPHead(":", value) }

    mutating func appendRESPArray(count: Int) { appendRESPHead("*", count) }

    /// A map: an array of keys and values in turn before RESP 3.
    mutating func appendRESPMap(count: Int, version: Int) {
        if version < 3 { appendRESPHead("*", count * 2) } else { appendRESPHead("%", count) }
    }

    /// A set: an array before RESP 3.
    mutating func appendRESPSet(count: Int, version: Int) {
        appendRESPHead(version < 3 ? "*" : "~", count)
    }

    mutating func appendRESPBulk(_ text: String) {
        appendRESPHead("$", text.utf8.count)
        append(contentsOf: text.utf8)
        append(contentsOf: "\r\n".utf8)
    }

    mutating func appendRESPSimple(_ text: String) {
        append(contentsOf: "+\(text)\r\n".utf8)
    }

    /// `text` begins with its code; line ends inside would break the protocol and become spaces.
    mutating func appendRESPError(_ text: String) {
        append(UInt8(ascii: "-"))
        append(contentsOf: text.utf8.lazy.map { $0 == 13 || $0 == 10 ? 32 : $0 })
        append(contentsOf: "\r\n".utf8)
    }

    /// A null in place of a bulk string, or of an array when `isArray`, which RESP 2 tells apart.
    mutating func appendRESPNull(isArray: Bool = false, version: Int) {
        if version >= 3 {
            append(contentsOf: "_\r\n".utf8)
        } else {
            append(contentsOf: (isArray ? "*-1\r\n" : "$-1\r\n").utf8)
        }
    }

    /// Text for people: a verbatim string in RESP 3.
    mutating func appendRESPText(_ text: String, version: Int) {
        guard version >= 3 else { return appendRESPBulk(text) }
        appendRESPHead("=", text.utf8.count + 4)
        append(contentsOf: "txt:".utf8)
        append(contentsOf: text.utf8)
        append(contentsOf: "\r\n".utf8)
    }
}
