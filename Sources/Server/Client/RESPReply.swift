/// One reply of a RESP2 or RESP3 server.
///
/// RESP3's verbatim strings and big numbers are read as `bulk`, sets and pushes as `array`, and a map as its keys and
/// values in turn: what a client of this store does with them is the same.
package enum RESPReply: Hashable, Sendable {
    case simple(String)
    /// The whole text behind the `-`, its first word the kind (`ERR`, `MOVED`, …).
    case error(String)
    case integer(Int)
    case bulk([UInt8])
    case null
    case double(Double)
    case boolean(Bool)
    case array([RESPReply])
    case map([RESPReply])

    /// The bytes of a string reply, or nil.
    package var bytes: [UInt8]? {
        switch self {
        case .bulk(let bytes): bytes
        case .simple(let text): Array(text.utf8)
        default: nil
        }
    }

    /// The elements of an aggregate, or nil.
    package var elements: [RESPReply]? {
        switch self {
        case .array(let elements), .map(let elements): elements
        default: nil
        }
    }

    /// The number of an integer reply, also when it came as a string (SCAN's cursor does).
    package var integer: Int? {
        switch self {
        case .integer(let number): number
        case .bulk(let bytes): Int(String(decoding: bytes, as: UTF8.self))
        case .simple(let text): Int(text)
        default: nil
        }
    }
}
