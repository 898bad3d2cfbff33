/// What is wrong with a reshard: a code to branch on and one line for people, which says what, where and what to do.
package struct ReshardError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable, Codable {
        /// Text that is no list of slots, no new shard, no move.
        case badText
        /// Nothing was asked for.
        case nothingAsked
        /// A name that no shard may have.
        case badName
        /// A shard or an address that is there already, or twice in the request.
        case duplicate
        /// A shard that is not there.
        case unknownShard
        /// No shard would be left, or more than there are slots.
        case badShardCount
        /// Slots that don't exist, or that would move twice.
        case badSlots
        /// Two parts of a request that exclude each other.
        case contradiction
        /// The slot map is not the one that a plan was made from.
        case stalePlan
        /// A job can't do that in its state.
        case wrongState
        /// A document or a frame of another program, or of a later version.
        case badDocument
    }

    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
