/// When a write counts as durable.
package enum Durability: String, Codable, Sendable, CaseIterable {
    /// After fdatasync: survives the loss of power.
    case fsync
    /// After the write reached the operating system: survives a crash of the process only (the paper's NoSync).
    case os
}
