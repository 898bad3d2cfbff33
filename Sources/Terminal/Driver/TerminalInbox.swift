/// What has arrived and not been handed out: the part of the driver's input that decides, without a terminal.
package struct TerminalInbox {
    /// After so many times readable without anything to read, the terminal is taken for dead: else it would spin.
    package static let mostEmptyReads = 8

    private var signals: [Int32] = []
    private var isWoken = false
    private var hasWatched = false
    private var emptyReads = 0
    private var paste: String.UnicodeScalarView?
    private var pasteCount = 0
    /// Monotonic milliseconds of the last scalar of an open paste.
    private var lastPasteAt: Int64 = 0
    private(set) var isHungUp = false
    package var mustCheckSize = true
    private var isResumed = false

    package init() {}

    /// A byte of the signal pipe: a signal's number, `resize`, or `resume` after a stop.
    package mutating func receive(signalByte: UInt8, resize: UInt8, resume: UInt8) {
        if signalByte == resize {
            mustCheckSize = true
        } else if signalByte == resume {
            isResumed = true
        } else if !signals.contains(Int32(signalByte)) {
            signals.append(Int32(signalByte))
        }
    }

    package mutating func wake() { isWoken = true }

    /// Whether the process went on after a stop since the last call.
    package mutating func takeResumed() -> Bool {
        defer { isResumed = false }
        return isResumed
    }

    /// The watched descriptor is readable.
    package mutating func noteWatched() { hasWatched = true }

    /// Signals first: nothing may hold them up.
    package mutating func nextNotice() -> TerminalEvent? {
        if !signals.isEmpty { return .terminate(signal: signals.removeFirst()) }
        if isHungUp { return .hangUp }
        if isWoken {
            isWoken = false
            return .wake
        }
        if hasWatched {
            hasWatched = false
            return .watched
        }
        return nil
    }

    package mutating func noteRead(gotSomething: Bool) { emptyReads = gotSomething ? 0 : emptyReads }

    /// The terminal was readable; `isBroken` if the system says that it is gone.
    package mutating func noteReadable(isBroken: Bool) {
        emptyReads += isBroken ? TerminalInbox.mostEmptyReads : 1
        if emptyReads > TerminalInbox.mostEmptyReads { isHungUp = true }
    }

    package var isPasting: Bool { paste != nil }

    package mutating func beginPaste(at now: Int64) {
        paste = String.UnicodeScalarView()
        pasteCount = 0
        lastPasteAt = now
    }

    /// Adds to the open paste: no controls but line ends and tabs; what is beyond the limit is dropped.
    package mutating func append(pasted scalar: Unicode.Scalar, limit: Int, at now: Int64) {
        lastPasteAt = now
        guard pasteCount < limit else { return }
        let kept: Unicode.Scalar = scalar == "\r" ? "\n" : scalar
        guard kept == "\n" || kept == "\t" || SafeText.isText(kept) else { return }
        paste?.append(kept)
        pasteCount += 1
    }

    /// Ends the paste; nil if there was none or nothing in it.
    package mutating func endPaste() -> TerminalEvent? {
        defer { paste = nil }
        return paste.flatMap { $0.isEmpty ? nil : .paste(String($0)) }
    }

    /// A terminal that dies in the middle of a paste must not swallow keys for ever.
    package func pasteIsStale(at now: Int64, patience: Int64) -> Bool { isPasting && now - lastPasteAt > patience }
}
