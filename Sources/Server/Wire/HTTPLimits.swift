import Model

/// The bounds of one HTTP request, each with its reason.
package enum HTTPLimits {
    /// Bytes of a request line: 8 KiB plus the longest key with every byte percent-encoded.
    package static let requestLineMax = 8192 + 3 * StorageLimits.keyBytesMax
    /// Header fields of a request, as in Apache: more is an attack or a loop.
    package static let headersMax = 100
    /// Bytes of all header fields together: a head has to fit memory for every connection at once.
    package static let headerBytesMax = 32 << 10
    /// Bytes of a body: the longest value.
    package static let bodyMax = StorageLimits.valueBytesMax
    /// Bytes of a chunk's size line: the size and short extensions, which are skipped.
    package static let chunkLineMax = 1024
    /// Bytes of one trailer field; trailers are skipped.
    package static let trailerLineMax = 8192
    /// Empty lines before a request line that are forgiven, as RFC 9112 asks.
    package static let leadingEmptyLinesMax = 4
    /// Seconds of a `ttl`: about 317 years, so that the expiry in milliseconds stays far from overflowing.
    package static let ttlSecondsMax = 10_000_000_000
    /// `acks`: no shard has more members.
    package static let acksMax = 1_000
    /// Keys of one listing.
    package static let listLimits = 1...1000
    package static let listLimitDefault = 100
}
