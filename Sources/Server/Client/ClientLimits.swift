import NIOCore

/// The bounds of every client: each timeout, buffer and retry has its reason beside it.
package enum ClientLimits {
    /// Long enough for a lost SYN and its first repetition (1 s), short enough for a person who waits.
    package static let connectTimeout = TimeAmount.seconds(2)
    /// Longer than a failover with the default lease of 3 s: what a node holds back is answered within it.
    package static let commandTimeout = TimeAmount.seconds(10)
    /// A reply that has several of the largest values (16 MiB each) in it.
    package static let replyBytes = 64 << 20
    /// A SCAN with the largest COUNT a client would send, or the whole slot map, and room beyond.
    package static let replyElements = 1 << 20
    /// Length headers and simple strings; INFO and the like are bulk strings.
    package static let replyLineBytes = 64 << 10
    /// CLUSTER SLOTS nests four deep; the recursion that builds a reply must end on any input.
    package static let replyDepth = 16
    /// Commands sent and not answered on one connection: bounds the promises held for a silent peer.
    package static let commandsInFlight = 4096
    /// Redis Cluster clients give up after as many.
    package static let redirects = 5
    /// Request lines reach 8 KiB, a head with our few fields stays far below.
    package static let httpHeadBytes = 64 << 10
    /// The largest value and its frame.
    package static let httpBodyBytes = 17 << 20
}
