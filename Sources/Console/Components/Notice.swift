/// A line for the user that goes away by itself.
package struct Notice: Hashable, Sendable {
    static let milliseconds = 6_000

    package var text: String
    package var severity: ClusterEvent.Severity
    /// When it goes, by the clock of events, in milliseconds.
    var until: Int
    /// The same said twice is two notices.
    var number: Int
}
