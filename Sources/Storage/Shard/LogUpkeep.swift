import Model
import Synchronization

/// The log's beginning: cuts what nobody needs any more, and keeps what is pinned for those that copy slots from here.
///
/// Owns the pins, under a lock of its own, after which only the log's may be taken.
final class LogUpkeep: Sendable {
    private struct Pin {
        /// The log's.
        var token: UInt64
        var after: UInt64
    }

    private let engine: any StorageEngine
    private let log: CommitLog
    private let options: StoreOptions
    /// By whoever needs it.
    private let pins = Mutex<[UInt64: Pin]>([:])

    init(engine: any StorageEngine, log: CommitLog, options: StoreOptions) {
        self.engine = engine
        self.log = log
        self.options = options
    }

    /// Keeps the log after a sequence from being cut, as long as no more than `pinnedLogBytesMax` are kept for it. Any
    /// thread.
    /// - Parameters:
    ///   - id: of whoever needs it; replaces its earlier pin.
    ///   - sequence: nil lets go.
    func pin(id: UInt64, after sequence: UInt64?) {
        pins.withLock { pins in
            guard let sequence else {
                if let pin = pins.removeValue(forKey: id) { log.unpin(pin.token) }
                return
            }
            if let pin = pins[id] {
                log.movePin(pin.token, to: sequence + 1)
                pins[id]?.after = sequence
            } else {
                pins[id] = Pin(token: log.pin(sequence + 1), after: sequence)
            }
        }
    }

    /// Cuts the log; flushes the engine first if too much log hangs on what it has not flushed. Blocks; on the applier's
    /// thread.
    func run(applied: Position) throws(StorageError) {
        boundPins()
        let durable = engine.durablePosition
        // After the records: those themselves are not in a log that begins with a new engine, or with a snapshot.
        if durable < applied,
            let end = log.offset(ofSequence: applied.sequence + 1),
            let start = log.offset(ofSequence: durable.sequence + 1),
            end - start > UInt64(options.engineFlushBytes)
        {
            try engine.flush()
        }
        try log.cut(below: engine.durablePosition.sequence + 1, keepingBytes: options.logKeepBytes)
    }

    /// Lets go of pins that keep too much. Whoever reads there finds that the log is cut.
    private func boundPins() {
        pins.withLock { pins in
            for (id, pin) in pins {
                guard let start = log.offset(ofSequence: pin.after + 1) else { continue }
                guard log.endOffset > start, log.endOffset - start > options.pinnedLogBytesMax else { continue }
                log.unpin(pin.token)
                pins[id] = nil
            }
        }
    }
}
