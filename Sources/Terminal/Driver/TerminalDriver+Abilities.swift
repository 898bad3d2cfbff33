import CNcurses
import Glibc

extension TerminalDriver {
    /// An answer that comes later than this changes nothing: colours must not turn under somebody who reads. Nothing
    /// waits for it, so that it may be as long as the way over ssh around the world.
    static let backgroundMilliseconds: Int64 = 500

    /// Turns clicks and the wheel into events, or leaves them to the terminal, which marks text with them.
    /// - Returns: false if the terminal has no mouse.
    package func useMouse(_ isOn: Bool) -> Bool {
        guard !isClosed else { return false }
        let hasMouse = shoal_use_mouse(isOn)
        usesMouse = isOn && hasMouse
        return hasMouse
    }

    /// Sends text to the terminal's clipboard. Whether it got there, no terminal says.
    /// - Returns: false if the terminal takes none, or not so much.
    package func copy(_ text: String) -> Bool {
        guard !isClosed, abilities.takesStrings,
            let bytes = ClipboardSequence.bytes(Array(text.utf8), route: abilities.clipboard)
        else { return false }
        send(bytes)
        return true
    }

    /// Asks for the background; the answer is an event, or nothing where the terminal has none. Does not wait.
    package func askBackground() {
        guard !isClosed, abilities.takesStrings else { return }
        replies.expect()
        backgroundAskedAt = TerminalDriver.now()
        // Behind it the question that all answer: what comes after that answer is typed.
        send(Array("\u{1b}]11;?\u{1b}\\\u{1b}[c".utf8))
    }
}
