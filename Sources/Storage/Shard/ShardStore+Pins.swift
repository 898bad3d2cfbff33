/// Log that is kept for what copies slots from here.
extension ShardStore {
    /// So much log is kept for one of them. A copy that takes longer begins anew: a full disk would stop everybody.
    package static let pinnedLogBytesMax: UInt64 = 4 << 30

    struct LogPin {
        /// The log's.
        var token: UInt64
        var after: UInt64
    }

    /// Keeps the log behind a sequence from being cut, as long as no more than `pinnedLogBytesMax` are kept for it. Any thread.
    /// - Parameters:
    ///   - id: of whoever needs it; replaces its earlier pin.
    ///   - sequence: nil lets go.
    package func pinLog(id: UInt64, after sequence: UInt64?) {
        lock.withLock {
            guard let sequence else {
                if let pin = logPins.removeValue(forKey: id) { log.unpin(pin.token) }
                return
            }
            if let pin = logPins[id] {
                log.movePin(pin.token, to: sequence + 1)
                logPins[id]?.after = sequence
            } else {
                logPins[id] = LogPin(token: log.pin(sequence + 1), after: sequence)
            }
        }
    }

    /// Lets go of pins that keep too much. Whoever reads there finds that the log is cut.
    func boundPins() {
        lock.withLock {
            for (id, pin) in logPins {
                guard let start = log.offset(ofSequence: pin.after + 1) else { continue }
                guard log.endOffset > start, log.endOffset - start > options.pinnedLogBytesMax else { continue }
                log.unpin(pin.token)
                logPins[id] = nil
            }
        }
    }
}
