/// An `If-Match` header: the versions a key may have for a write to happen.
package enum HTTPCondition: Hashable, Sendable {
    /// `*`: any version, as long as the key is there.
    case exists
    /// One of these. Tags that aren't ours are left out, so an empty list is never met.
    case versions([UInt64])

    /// - Parameter version: the key's version, nil if it isn't there.
    package func isMet(by version: UInt64?) -> Bool {
        guard let version else { return false }
        return switch self {
        case .exists: true
        case .versions(let versions): versions.contains(version)
        }
    }

    /// Reads a header value: `*`, or a list of entity tags of which ours are a version in quotes.
    init(_ bytes: UnsafeRawBufferPointer) throws(HTTPError) {
        if ASCII.equals(bytes, "*") {
            self = .exists
            return
        }
        var versions: [UInt64] = []
        var isBad = false
        ASCII.forEachListElement(bytes) { tag in
            // A weak tag never matches here (RFC 9110, strong comparison).
            if tag.count >= 4, tag[0] == UInt8(ascii: "W"), tag[1] == UInt8(ascii: "/") { return }
            guard tag.count >= 2, tag[0] == UInt8(ascii: "\""), tag[tag.count - 1] == UInt8(ascii: "\"") else {
                isBad = true
                return
            }
            if let version = ASCII.decimal(tag[1..<(tag.count - 1)]) { versions.append(UInt64(version)) }
        }
        guard !isBad, !bytes.isEmpty else {
            throw HTTPError(400, "bad_precondition", "If-Match must be * or an ETag in double quotes")
        }
        self = .versions(versions)
    }
}
