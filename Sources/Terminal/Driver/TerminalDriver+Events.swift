import CNcurses
import Glibc

extension TerminalDriver {
    /// Scalars of one paste; more than a key, a filter or a command can be.
    package static let longestPaste = 64 * 1024
    /// How often the size is asked for although no SIGWINCH came: some terminals and multiplexers lose it.
    private static let sizeCheckMilliseconds: Int64 = 1_000
    private static let pastePatienceMilliseconds: Int64 = 1_000

    /// Waits for the next event, at most so long; `.none` if there was nothing. After `.hangUp` there is nothing else.
    package func nextEvent(timeoutMilliseconds: Int) -> TerminalEvent {
        let start = TerminalDriver.now()
        let deadline = start + Int64(min(max(0, timeoutMilliseconds), 86_400_000))
        var hasWaited = false
        while true {
            drainPipes()
            if let notice = inbox.nextNotice() { return notice }
            if let resize = checkSize() { return resize }
            if inbox.takeResumed() { return resume() }
            if let event = readInput() { return event }
            let now = TerminalDriver.now()
            if inbox.pasteIsStale(at: now, patience: TerminalDriver.pastePatienceMilliseconds),
                let paste = inbox.endPaste()
            {
                return paste
            }
            guard !hasWaited || now < deadline else { return .none }
            let due = min(deadline, replies.due ?? deadline)
            wait(milliseconds: max(0, min(due - now, TerminalDriver.sizeCheckMilliseconds)))
            hasWaited = true
        }
    }

    private func wait(milliseconds: Int64) {
        var descriptors = [
            pollfd(fd: input, events: Int16(POLLIN), revents: 0),
            pollfd(fd: signalReader, events: Int16(POLLIN), revents: 0),
            pollfd(fd: waker.reader, events: Int16(POLLIN), revents: 0),
            // poll leaves out what is negative.
            pollfd(fd: watched, events: Int16(POLLIN), revents: 0),
        ]
        guard poll(&descriptors, 4, Int32(milliseconds)) > 0 else { return }
        let found = Int32(descriptors[0].revents)
        if found != 0 { inbox.noteReadable(isBroken: found & (POLLHUP | POLLERR | POLLNVAL) != 0) }
        let news = Int32(descriptors[3].revents)
        if news & POLLIN != 0 { inbox.noteWatched() } else if news != 0 { watched = -1 }
    }

    private func drainPipes() {
        var bytes = [UInt8](repeating: 0, count: 512)
        let signals = read(signalReader, &bytes, bytes.count)
        if signals > 0 {
            for byte in bytes[..<signals] {
                inbox.receive(signalByte: byte, resize: UInt8(SHOAL_BYTE_RESIZE), resume: UInt8(SHOAL_BYTE_RESUME))
            }
        }
        var woken = false
        while read(waker.reader, &bytes, bytes.count) > 0 { woken = true }
        if woken { inbox.wake() }
    }

    /// Curses takes screen and mouse again itself; a shell has had the rest of the terminal meanwhile.
    private func resume() -> TerminalEvent {
        shoal_resume()
        send(Array("\u{1b}[?2004h".utf8))
        repaint()
        return .resize(width: size.width, height: size.height)
    }

    private func checkSize() -> TerminalEvent? {
        let now = TerminalDriver.now()
        guard inbox.mustCheckSize || now - sizeCheckedAt >= TerminalDriver.sizeCheckMilliseconds else { return nil }
        inbox.mustCheckSize = false
        sizeCheckedAt = now
        var (width, height): (Int32, Int32) = (0, 0)
        guard shoal_window_size(input, &width, &height) else { return nil }
        guard Int(width) != size.width || Int(height) != size.height else { return nil }
        adopt(width: Int(width), height: Int(height))
        return .resize(width: size.width, height: size.height)
    }

    /// The next key, whole paste, click or answer; nil when the terminal has nothing more to say.
    private func readInput() -> TerminalEvent? {
        // In a flood of unknown codes signals have their turn in between.
        for _ in 0..<4_096 {
            if !arrived.isEmpty { return arrived.removeFirst() }
            var code: UInt32 = 0
            let kind = shoal_read_key(&code)
            let now = TerminalDriver.now()
            guard kind >= 0 else {
                take(replies.flush(at: now), at: now)
                return arrived.isEmpty ? nil : arrived.removeFirst()
            }
            inbox.noteRead(gotSomething: true)
            if kind == 1 {
                take(replies.interrupt(), at: now)
                takeKey(code: code, at: now)
            } else if let scalar = Unicode.Scalar(code) {
                if inbox.isPasting {
                    inbox.append(pasted: scalar, limit: TerminalDriver.longestPaste, at: now)
                } else {
                    take(replies.take(scalar, at: now), at: now)
                }
            }
        }
        return nil
    }

    private func take(_ outputs: [ReplyFilter.Output], at now: Int64) {
        for output in outputs {
            switch output {
            case .typed(let scalar):
                if let key = TerminalDriver.key(scalar: scalar) { arrived.append(.key(key)) }
            case .background(let isLight):
                guard now - backgroundAskedAt <= TerminalDriver.backgroundMilliseconds else { continue }
                arrived.append(.background(isLight: isLight))
            }
        }
    }

    private func takeKey(code: UInt32, at now: Int64) {
        if code == UInt32(SHOAL_KEY_PASTE_BEGIN) {
            inbox.beginPaste(at: now)
        } else if code == UInt32(SHOAL_KEY_PASTE_END) {
            if let paste = inbox.endPaste() { arrived.append(paste) }
        } else if inbox.isPasting {
            return
        } else if Int32(bitPattern: code) == KEY_MOUSE {
            if let event = TerminalDriver.mouseEvent() { arrived.append(.mouse(event)) }
        } else if let key = TerminalDriver.key(code: code) {
            arrived.append(.key(key))
        }
    }

    private static func mouseEvent() -> MouseEvent? {
        var (x, y): (Int32, Int32) = (0, 0)
        switch shoal_read_mouse(&x, &y) {
        case 1: return MouseEvent(.press, x: Int(x), y: Int(y))
        case 4: return MouseEvent(.wheelUp, x: Int(x), y: Int(y))
        case 5: return MouseEvent(.wheelDown, x: Int(x), y: Int(y))
        default: return nil
        }
    }

    private static func key(scalar: Unicode.Scalar) -> Key? {
        if let control = Key(control: scalar) { return control }
        // Also what has no place of its own, as an accent: what is typed must not be something else than what arrives.
        return SafeText.isText(scalar) ? .character(scalar) : nil
    }

    private static func key(code: UInt32) -> Key? {
        switch Int32(bitPattern: code) {
        case KEY_UP: return .up
        case KEY_DOWN: return .down
        case KEY_LEFT: return .left
        case KEY_RIGHT: return .right
        case KEY_HOME: return .home
        case KEY_END: return .end
        case KEY_PPAGE: return .pageUp
        case KEY_NPAGE: return .pageDown
        case KEY_ENTER: return .enter
        case KEY_BACKSPACE: return .backspace
        case KEY_DC: return .delete
        case KEY_IC: return .insert
        case KEY_BTAB: return .backTab
        default:
            let function = shoal_key_function(code)
            return function > 0 ? .function(Int(function)) : nil
        }
    }

    /// Monotonic milliseconds.
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }
}
