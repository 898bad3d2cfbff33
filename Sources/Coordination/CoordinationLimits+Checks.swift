extension CoordinationLimits {
    /// Refuses lengths that no backend can grant, or that nobody means.
    static func check(ttl: UInt64) throws(CoordinationError) {
        guard ttl < leaseMillisecondsMin || ttl > leaseMillisecondsMax else { return }
        throw CoordinationError(
            .badConfiguration,
            "a session of \(ttl) ms can't be had: LeaseSeconds must be at least \(leaseMillisecondsMin / 1000)"
        )
    }

    /// Refuses what one of the backends could not take, so that both take the same.
    static func check(
        _ compares: [CoordinatorCompare],
        _ operations: [CoordinatorOperation],
        _ reading: [String]
    ) throws(CoordinationError) {
        guard compares.count <= transactionMax, operations.count + reading.count <= transactionMax else {
            throw CoordinationError(
                .tooLarge,
                "a transaction of \(compares.count) comparisons and \(operations.count) changes is more than "
                    + "\(transactionMax) of each: split it"
            )
        }
        for key in compares.map(\.key) + operations.map(\.key) + reading
        where key.utf8.isEmpty || key.utf8.count > keyBytesMax {
            throw CoordinationError(.tooLarge, "the key \"\(key.prefix(64))\" has not 1 to \(keyBytesMax) bytes")
        }
        guard Set(operations.map(\.key)).count == operations.count else {
            throw CoordinationError(.badConfiguration, "a transaction writes a key twice: \(operations.map(\.key))")
        }
        var valueBytes = 0
        for case .put(_, let value, _) in operations { valueBytes += value.count }
        guard valueBytes <= valueBytesMax else {
            throw CoordinationError(.tooLarge, "\(valueBytes) bytes of values are over the limit of \(valueBytesMax)")
        }
    }
}
