/// Redis' glob patterns.
package enum ScanPattern {
    /// The pattern that matches exactly the keys starting with `prefix`.
    package static func matching(prefix: [UInt8]) -> [UInt8] {
        let special = Set("*?[]\\^-".utf8)
        return prefix.flatMap { special.contains($0) ? [UInt8(ascii: "\\"), $0] : [$0] } + [UInt8(ascii: "*")]
    }
}
