import FoundationEssentials
import Model

/// What clients asked for and what they were told, to be held against what the nodes have in the end.
///
/// Every operation is made once: a client never repeats what it asked for, so that a repetition found on a node is the
/// node's.
struct History: Sendable {
    enum Outcome: Sendable, Equatable {
        case acknowledged
        /// Answered with an error or a redirect to nowhere: it was not done and never will be.
        case refused(Refusal)
        /// The connection ended, or no answer came in time: done or not, now or later.
        case unknown
    }

    /// What a client was told instead of an acknowledgement, for the message of a test.
    struct Refusal: Sendable, Equatable, CustomStringConvertible {
        var text: String
        /// nil: no node was asked.
        var node: NodeAddress?
        /// When the client had it: to be looked up in the nodes' logs.
        var at = Date()

        init(_ text: String, by node: NodeAddress? = nil) {
            self.text = text
            self.node = node
        }

        var description: String {
            let time = at.formatted(Date.ISO8601FormatStyle().time(includingFractionalSeconds: true))
            return "`\(text)` of \(node.map { "\($0)" } ?? "nobody") at \(time) UTC"
        }
    }

    /// One token added to the end of a list: `APPEND key "3-17;"` is writer 3's seventeenth.
    struct Token: Sendable {
        var writer: Int
        /// Rises with every attempt of the writer on this list.
        var number: Int
        var outcome = Outcome.unknown
        /// Acknowledged: the list's bytes behind the token, as the answer told.
        var length = 0

        var text: String { "\(writer)-\(number);" }
    }

    /// `SET key value`, once per key.
    struct Write: Sendable {
        var value: String
        var outcome: Outcome
    }

    /// `SET key name NX`, once per claimant.
    struct Claim: Sendable {
        var name: String
        var outcome: Outcome
        /// Acknowledged: whether it became the value.
        var isWon = false
    }

    /// INCR on one key by many.
    struct Count: Sendable {
        var told: [Int] = []
        var unknown = 0
    }

    /// A list as somebody saw it.
    struct Look: Sendable {
        var length: Int
        var digest: UInt64
        /// At least so long it had to be: what was acknowledged, or seen at a leader, before it was asked for. 0 for
        /// reads of replicas, which may be behind.
        var floor: Int
        var place: String
    }

    var writes: [String: Write] = [:]
    var lists: [String: [Token]] = [:]
    var claims: [String: [Claim]] = [:]
    var counts: [String: Count] = [:]
    var looks: [String: [Look]] = [:]
    /// What keys of other clients begin with: they hold them to account themselves.
    var foreignPrefixes: [String] = []

    /// FNV-1a: of a prefix it is on the way to that of the whole.
    struct Digest {
        private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

        mutating func add(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }

        static func of(_ bytes: [UInt8]) -> UInt64 {
            var digest = Digest()
            for byte in bytes { digest.add(byte) }
            return digest.value
        }
    }
}
