/// The applier: writes the committed part of the hot table to the engine in large, sorted transactions. One thread.
extension ShardStore {
    /// The applier looks at its work at least this often; also the pace at which expired keys are found.
    private static let pollMilliseconds = 200
    /// After a failed transaction: the pause before the next try.
    private static let retryMilliseconds = 500

    /// All that was committed between two positions.
    private struct Window {
        var hot: HotWindow
        /// Goes first: entries of these slots are younger than their clearing, older ones have left the table.
        var cleared: SlotSet
        var end: Position
        var ownership: (SlotOwnership, at: Position)?
    }

    func runApplier() {
        StoreThread.yieldToOthers()
        while true {
            switch nextWork() {
            case .apply(let window):
                apply(window)
                finish(window)
            case .upkeep: break
            case .end: return
            }
            deleteExpired()
            maintainLog()
        }
    }

    /// What the applier's thread does next.
    private enum Work {
        case apply(Window)
        /// Only time has passed.
        case upkeep
        /// The store closes; what the engine could not take is in the log.
        case end
    }

    private func nextWork() -> Work {
        lock.lock()
        defer { lock.unlock() }
        while true {
            let hasWork = commitPosition.sequence > appliedPosition.sequence && !isInstalling
            if isClosing, !hasWork || applierTrouble != nil { return .end }
            if hasWork, isApplyDue { return .apply(takeWindow()) }
            if flushRequested {
                flushRequested = false
                lock.signalProgress()
            }
            lock.waitForWork(milliseconds: ShardStore.pollMilliseconds)
            if commitPosition.sequence <= appliedPosition.sequence, !isClosing { return .upkeep }
        }
    }

    private var isApplyDue: Bool {
        flushRequested || isClosing || visible.dirtyBytes >= options.applyBytes
            || unappliedLogBytes >= options.applyLogBytes
            || Clock.monotonicMilliseconds() - oldestDirtyAt >= UInt64(options.applyAgeMilliseconds)
    }

    private func takeWindow() -> Window {
        flushRequested = false
        unappliedLogBytes = 0
        isApplying = true
        defer {
            clearedNext = SlotSet()
            ownershipToSave = nil
        }
        return Window(
            hot: visible.takeWindow(through: commitPosition.sequence),
            cleared: clearedNext,
            end: commitPosition,
            ownership: ownershipToSave
        )
    }

    private func apply(_ window: Window) {
        if window.ownership != nil {
            untilApplied { () throws(StorageError) in try saveOwnership(window.ownership) }
        }
        if !window.cleared.isEmpty {
            // Not the window's end yet: a crash in between repeats all of it.
            let position = lock.withLock { appliedPosition }
            let ranges = window.cleared.ranges
            untilApplied { () throws(StorageError) in try engine.deleteSlots(ranges, position: position) }
        }
        let writes = ShardStore.writes(of: window.hot)
        untilApplied { () throws(StorageError) in
            try writes.withUnsafeBufferPointer { writes throws(StorageError) in
                try engine.apply(writes, position: window.end)
            }
        }
    }

    /// The window's writes in the engines' order. They borrow from the entries.
    private static func writes(of window: HotWindow) -> [EngineWrite] {
        let entries = window.entries.compactMap(\.self)
        let order = EngineOrder.sorted(
            count: entries.count,
            slot: { entries[$0].pointee.slot },
            key: { entries[$0].key }
        )
        return order.map { index in
            let entry = entries[Int(index)]
            let value: StoredValue? =
                entry.pointee.isDeleted
                ? nil
                : StoredValue(version: entry.pointee.version, expiry: entry.pointee.expiry, bytes: entry.value)
            return EngineWrite(slot: entry.pointee.slot, key: entry.key, value: value, previous: entry.previous)
        }
    }

    private func finish(_ window: Window) {
        lock.lock()
        isApplying = false
        var signals: [(StorePort, StoreSignal)] = []
        if applierTrouble == nil, !isInstalling {
            visible.endWindow(through: window.end.sequence)
            appliedPosition = window.end
            clearing = clearedNext
            if hold == .none, unappliedBytes < options.unappliedBytesMax / 2 {
                for port in ports where port.waitsForRoom {
                    port.waitsForRoom = false
                    signals.append((port, .room))
                }
            }
        }
        lock.signalProgress()
        lock.unlock()
        for (port, signal) in signals { port.wake(signal) }
    }

    /// Tries again until it works: the writes are durable in the log, so waiting loses nothing, and writers are told
    /// why they wait once their memory is used up. Gives up when the store closes or its contents are replaced.
    private func untilApplied(_ work: () throws(StorageError) -> Void) {
        while true {
            do throws(StorageError) {
                try work()
                lock.withLock { applierTrouble = nil }
                return
            } catch {
                lock.lock()
                applierTrouble = StorageError(error.code, "\(engine.kind.rawValue) can't take writes: \(error.message)")
                lock.signalProgress()
                if !isClosing, !isInstalling { lock.waitForWork(milliseconds: ShardStore.retryMilliseconds) }
                if isClosing || isInstalling { return lock.unlock() }
                lock.unlock()
            }
        }
    }
}
