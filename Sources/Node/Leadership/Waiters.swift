import Server

/// Those that wait for something leadership was asked for.
struct Waiters {
    var stop: Answer<Void>?
    /// The newest session's end has been told to the coordinator.
    var ended: Answer<Void>?
    /// Switchovers asked for and not ended; the machine takes one at a time and answers each.
    var switchovers: [@Sendable (String?) -> Void] = []

    mutating func endSwitchover(_ failure: String?) {
        guard !switchovers.isEmpty else { return }
        switchovers.removeFirst()(failure)
    }
}
