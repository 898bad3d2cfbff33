/// Bytes on their way, in order, each settled when a number (a sequence, an entry count) is reached.
///
/// Kept in steps of `ReplicationLimits.ledgerStepBytes`: up to one step may settle late, never early.
struct ByteLedger {
    private struct Step {
        var through: UInt64
        var bytes: Int
    }

    private var steps: [Step] = []
    private var settledSteps = 0
    /// What is not settled yet.
    private(set) var bytes = 0

    /// Adds bytes that are settled with `through`, which never falls from call to call.
    mutating func add(through: UInt64, bytes added: Int) {
        bytes += added
        if let last = steps.indices.last, last >= settledSteps,
            steps[last].bytes + added <= ReplicationLimits.ledgerStepBytes
        {
            steps[last].through = through
            steps[last].bytes += added
        } else {
            steps.append(Step(through: through, bytes: added))
        }
    }

    mutating func settle(through: UInt64) {
        while settledSteps < steps.count, steps[settledSteps].through <= through {
            bytes -= steps[settledSteps].bytes
            settledSteps += 1
        }
        if settledSteps == steps.count || settledSteps > 1_024 {
            steps.removeFirst(settledSteps)
            settledSteps = 0
        }
    }

    mutating func clear() { self = ByteLedger() }
}
