extension NodeStatus {
    /// Who leads the shard and who could, as this node sees it.
    package struct Leadership: Codable, Hashable, Sendable {
        /// A member of the shard.
        package struct Member: Codable, Hashable, Sendable {
            package var address: String
            package var inSync: Bool
            /// Why it could not become leader now, in words; empty if it could, or leads.
            package var blocker: String

            enum CodingKeys: String, CodingKey {
                case address
                case inSync = "in_sync"
                case blocker = "impediment"
            }

            package init(address: String, inSync: Bool, blocker: String = "") {
                self.address = address
                self.inSync = inSync
                self.blocker = blocker
            }
        }

        package var term: UInt64
        /// Empty while there is none.
        package var leader: String
        /// For which the node's own lease still holds; 0 without one.
        package var leaseMilliseconds: UInt64
        package var members: [Member]

        enum CodingKeys: String, CodingKey {
            case term, leader
            case leaseMilliseconds = "lease_milliseconds"
            case members
        }

        package init(term: UInt64, leader: String, leaseMilliseconds: UInt64, members: [Member]) {
            self.term = term
            self.leader = leader
            self.leaseMilliseconds = leaseMilliseconds
            self.members = members
        }
    }

    /// Something that happened to the shard's lead, lease or in-sync set, with its reason.
    package struct Change: Codable, Hashable, Sendable {
        /// What it means for the shard: neither, something is well again, something is lost that was there.
        package enum Gravity: String, Codable, Sendable { case info, gain, loss }

        /// Counts up from 1 with the node's start.
        package var number: Int
        /// Wall clock, seconds since 1970.
        package var time: Int
        package var gravity: Gravity
        /// In words, about the node: `takes 127.0.0.22:8080 out of the in-sync set: not connected for 2000 ms`.
        package var text: String

        package init(number: Int, time: Int, gravity: Gravity, text: String) {
            self.number = number
            self.time = time
            self.gravity = gravity
            self.text = text
        }
    }
}
