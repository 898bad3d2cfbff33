/// The document of `GET /slowlog`.
package struct SlowLogDocument: Hashable, Sendable, Codable {
    /// One command, or several of one read of a socket.
    package struct Entry: Hashable, Sendable, Codable {
        /// Rises by one with each entry of a node.
        package var number: UInt64
        /// Seconds since 1970.
        package var time: Int
        package var microseconds: UInt64
        /// Name and arguments, of several commands those of the last; cut, and made of whatever the client sent.
        package var command: String
        /// Commands that share the time.
        package var count: Int
        /// The client's address.
        package var client: String

        package init(
            number: UInt64,
            time: Int,
            microseconds: UInt64,
            command: String,
            count: Int,
            client: String
        ) {
            self.number = number
            self.time = time
            self.microseconds = microseconds
            self.command = command
            self.count = count
            self.client = client
        }
    }

    package var address: String
    package var thresholdMicroseconds: UInt64
    /// Newest first.
    package var entries: [Entry]

    package init(address: String, thresholdMicroseconds: UInt64, entries: [Entry]) {
        self.address = address
        self.thresholdMicroseconds = thresholdMicroseconds
        self.entries = entries
    }

    enum CodingKeys: String, CodingKey {
        case address, entries
        case thresholdMicroseconds = "threshold_microseconds"
    }
}
