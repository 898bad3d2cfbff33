/// What the UI thread waits for.
package enum TerminalEvent: Hashable, Sendable {
    case key(Key)
    /// Text pasted as a whole (bracketed paste), at most `TerminalDriver.longestPaste` scalars: never key presses,
    /// so a paste cannot confirm a dialog. Line ends arrive as `\n`, other control characters are dropped.
    case paste(String)
    /// Only after `TerminalDriver.useMouse(true)`.
    case mouse(MouseEvent)
    /// The answer to `TerminalDriver.askBackground()`, if it came in time.
    case background(isLight: Bool)
    case resize(width: Int, height: Int)
    /// Another thread called `wake()`: there is something new to show.
    case wake
    /// The descriptor in `TerminalDriver.watched` is readable.
    case watched
    /// SIGINT, SIGTERM or SIGHUP from outside (Ctrl-C arrives as a key).
    case terminate(signal: Int32)
    /// The terminal is gone; nothing more will come from it.
    case hangUp
    /// The time passed and nothing happened.
    case none
}
