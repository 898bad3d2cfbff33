import Glibc

/// The entries that the applier writes to the engine in one go: all committed writes up to a sequence that the engine
/// does not have yet, each key once.
///
/// The pointers stay valid, and what they say does not change, until `endWindow` or `abandonWindow`; they may be read
/// without the lock.
package struct HotWindow: @unchecked Sendable {
    // Sendable: made under the store's lock, used by the applier alone; taken entries are not changed by anyone.
    /// nil where an entry was dropped meanwhile.
    package var entries: [UnsafeMutablePointer<HotEntry>?]
}

extension HotTable {
    /// Hands the dirty entries to the applier. One window at a time.
    /// - Parameter sequence: the last sequence that was published.
    package mutating func takeWindow(through sequence: UInt64) -> HotWindow {
        let window = HotWindow(entries: dirty)
        dirty = []
        dirty.reserveCapacity(window.entries.count)
        takenBytes = dirtyBytes
        dirtyBytes = 0
        taken = sequence
        return window
    }

    /// The engine holds the window now.
    package mutating func endWindow() {
        applied = taken
        takenBytes = 0
        for entry in retired { free(entry) }
        retired.removeAll(keepingCapacity: true)
    }

    /// Empties the table for other contents. No window may be under way.
    /// - Parameter sequence: what those contents include.
    package mutating func reset(applied sequence: UInt64) {
        removeAll()
        dirty = []
        dirtyBytes = 0
        endWindow()
        applied = sequence
        taken = sequence
        forgetPast()
    }

    /// Calls `body` for every entry that the engine may not have yet: dirty ones, and those of the window being applied.
    package func forEachUnapplied(_ body: (UnsafeMutablePointer<HotEntry>) -> Void) {
        forEachEntry { if $0.pointee.sequence > applied { body($0) } }
    }
}
