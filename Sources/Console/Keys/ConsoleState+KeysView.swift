import Server
import Terminal

extension ConsoleState {
    /// What an input line at the bottom is for, besides commands and the filter.
    package enum Prompt: Hashable, Sendable {
        case scan, find
        /// A new value for this key, which has that one now.
        case edit([UInt8], instead: [UInt8])
        case expire([UInt8])

        var label: String {
            switch self {
            case .scan: "prefix "
            case .find: "find "
            case .edit: "value "
            case .expire: "seconds "
            }
        }
    }

    /// `5`, and `:scan PREFIX` from anywhere.
    mutating func showKeys(prefix argument: String? = nil) -> [ConsoleAction] {
        view = .keys
        trail = []
        guard argument != nil || keysView.number == 0 else { return [] }
        return scan(argument ?? "")
    }

    /// Lists the keys that begin with what was typed.
    mutating func scan(_ text: String) -> [ConsoleAction] {
        guard let prefix = KeyText.bytes(of: text) else { return badEscape(text) }
        keysView.close()
        return [.keys(keysView.list(prefix: prefix, now: clock.milliseconds))]
    }

    private mutating func badEscape(_ text: String) -> [ConsoleAction] {
        say("a backslash in \"\(text)\" is no escape; there are \\\\ \\n \\r \\t and \\x00 to \\xff", .error)
        return []
    }

    /// `r`: begins the listing anew, and reads the open value again.
    mutating func reloadKeys() -> [ConsoleAction] {
        if let key = keysView.opened { return [.keys(.read(key))] }
        return [.keys(keysView.list(prefix: keysView.prefix, now: clock.milliseconds))]
    }

    /// Enter on a key.
    mutating func openKey() -> [ConsoleAction] {
        guard keysView.opened == nil, let key = keysView.selectedKey else { return [] }
        return [.keys(keysView.open(key))]
    }

    /// `:get KEY`, in any view.
    mutating func getKey(_ argument: String) -> [ConsoleAction] {
        guard let key = typedKey(argument, "get") else { return [] }
        let first = keysView.number == 0 ? showKeys() : []
        view = .keys
        trail = []
        return first + [.keys(keysView.open(key))]
    }

    /// The key that was typed; says what is wrong with it otherwise.
    private mutating func typedKey(_ text: String, _ command: String) -> [UInt8]? {
        guard !text.isEmpty else {
            say("\(command) needs a key", .error)
            return nil
        }
        guard let key = KeyText.bytes(of: text) else {
            _ = badEscape(text)
            return nil
        }
        guard key.count <= KeyLimits.keyBytesMax else {
            say("a key has at most \(KeyLimits.keyBytesMax) bytes", .error)
            return nil
        }
        return key
    }

    /// `:put KEY VALUE`.
    mutating func putKey(_ argument: String) -> [ConsoleAction] {
        let words = argument.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        guard words.count == 2 else {
            say("put needs a key and a value: :put user:1 Ada", .error)
            return []
        }
        guard let key = typedKey(String(words[0]), "put") else { return [] }
        guard let value = KeyText.bytes(of: String(words[1])) else { return badEscape(String(words[1])) }
        return [.keys(.put(key, value: value, instead: nil))]
    }

    /// `e`: the value as a line to be changed.
    mutating func editKey() -> [ConsoleAction] {
        guard let key = keysView.opened ?? keysView.selectedKey else { return [] }
        guard let value = keysView.value, value.key == key else {
            guard keysView.opened == nil else { return [] }
            // What is changed must have been seen.
            return [.keys(keysView.open(key))]
        }
        guard let bytes = value.bytes, value.isWhole else {
            say(value.bytes == nil ? "there is no such key any more" : tooLong(key), .warning)
            return []
        }
        let text = KeyText.text(of: bytes)
        guard text.count <= LineEditor.limit else {
            say(tooLong(key), .warning)
            return []
        }
        input = .prompt(.edit(key, instead: bytes), LineEditor(text))
        notice = nil
        return []
    }

    private func tooLong(_ key: [UInt8]) -> String {
        "longer than \(LineEditor.limit) characters: write it with shoal put KEY - < FILE"
    }

    /// `d`: asks for the name first.
    mutating func deleteKey(_ argument: String) {
        guard let key = argument.isEmpty ? (view == .keys ? keysView.pointed : nil) : typedKey(argument, "del") else {
            return argument.isEmpty ? say("del needs a key", .error) : ()
        }
        overlay = .confirm(.deleteKey(key))
    }

    /// `E`, or `:expire SECONDS`.
    mutating func expireKey(_ argument: String) -> [ConsoleAction] {
        guard view == .keys, let key = keysView.pointed else {
            say("open the keys (5) and select one first", .warning)
            return []
        }
        guard argument.isEmpty else { return expire(key, argument) }
        input = .prompt(.expire(key), LineEditor())
        notice = nil
        return []
    }

    private mutating func expire(_ key: [UInt8], _ text: String) -> [ConsoleAction] {
        if text == "never" { return [.keys(.expire(key, seconds: nil))] }
        guard let seconds = Int(text), (1...KeyLimits.secondsMax).contains(seconds) else {
            say("\"\(text)\" is no time to live; give seconds, or never", .error)
            return []
        }
        return [.keys(.expire(key, seconds: seconds))]
    }

    mutating func showForm(_ argument: String) {
        if argument.isEmpty {
            let all = KeysView.Form.allCases
            let index = all.firstIndex(of: keysView.form) ?? 0
            keysView.form = all[(index + 1) % all.count]
        } else if let form = KeysView.Form(rawValue: argument) {
            keysView.form = form
        } else {
            let known = KeysView.Form.allCases.map(\.rawValue).joined(separator: ", ")
            return say("values can't be shown as \"\(argument)\"; there are \(known)", .error)
        }
        keysView.valueTop = 0
    }

    /// A line typed for the keys' view is done.
    mutating func accept(_ text: String, for prompt: Prompt) -> [ConsoleAction] {
        switch prompt {
        case .scan: return scan(text)
        case .find:
            findInFeed(text)
            return []
        case .expire(let key): return expire(key, text.trimmed)
        case .edit(let key, let instead):
            guard let value = KeyText.bytes(of: text) else { return badEscape(text) }
            guard value != instead else {
                say("unchanged")
                return []
            }
            return [.keys(.put(key, value: value, instead: instead))]
        }
    }

    mutating func moveInKeys(_ movement: ConsoleCommand.Movement) -> [ConsoleAction] {
        let layout = KeysLayout(width: width, height: height)
        keysView.move(
            movement,
            page: max(1, keysView.opened == nil ? layout.list.height : valueRows),
            lines: valueLineCount
        )
        return keysView.more(now: clock.milliseconds).map { [.keys($0)] } ?? []
    }

    /// Lines of the value that are seen.
    private var valueRows: Int { max(1, KeysLayout(width: width, height: height).value.height - 2) }

    private var valueLineCount: Int {
        guard let bytes = keysView.value?.bytes else { return 0 }
        return ValueText.lines(bytes, form: keysView.form, width: KeysLayout(width: width, height: height).value.width)
            .count
    }

    mutating func backFromKeys() {
        if keysView.opened != nil { keysView.close() } else { leave() }
    }

    mutating func settleKeys() {
        let layout = KeysLayout(width: width, height: height)
        keysView.top = DashboardLayout.scrolled(
            top: keysView.top,
            selected: keysView.selected,
            visible: layout.list.height,
            total: keysView.keys.count
        )
    }

    mutating func receive(_ event: KeysEvent) -> [ConsoleAction] {
        switch event {
        case .page(let page): keysView.take(page)
        case .value(let value): keysView.take(value)
        case .done(let command): return finish(command)
        case .failed(let command, let reason):
            if case .page(_, let number) = command, number == keysView.number { keysView.askedAt = nil }
            if case .read(let key) = command, key == keysView.opened { keysView.failure = reason }
            if command.isWrite { finishAudit(of: .keys(command), reason, isGood: false) }
            say(reason, .error)
        }
        return []
    }

    private mutating func finish(_ command: KeysCommand) -> [ConsoleAction] {
        finishAudit(of: .keys(command), "done", isGood: true)
        guard let key = command.key else { return [] }
        let name = SafeText.truncated(KeyText.name(of: key, limit: 64), to: 32)
        switch command {
        case .delete:
            keysView.drop(key)
            say("deleted \(name)", .success)
            return []
        case .put: say("wrote \(name)", .success)
        case .expire(_, let seconds):
            say(seconds.map { "\(name) expires in \($0) s" } ?? "\(name) never expires", .success)
        case .page, .read: return []
        }
        var actions: [ConsoleAction] = []
        if keysView.opened == key { actions.append(.keys(.read(key))) }
        // A new key has its place somewhere among the others.
        if case .put = command, keysView.number > 0, !keysView.keys.contains(key), key.starts(with: keysView.prefix) {
            actions.append(.keys(keysView.list(prefix: keysView.prefix, now: clock.milliseconds)))
        }
        return actions
    }
}

/// Bounds of what is typed; the nodes have the same.
package enum KeyLimits {
    static let keyBytesMax = 4_096
    /// A century: more is a slip of the fingers.
    package static let secondsMax = 3_155_760_000
}

extension ConfirmDialog {
    /// The question before a key is deleted.
    static func deleteKey(_ key: [UInt8]) -> ConfirmDialog {
        let name = SafeText.truncated(KeyText.name(of: key, limit: 256), to: 120)
        return ConfirmDialog(
            title: "Delete a key",
            lines: [name, "The key and its value are lost: nothing brings them back."],
            verb: "Delete",
            action: .keys(.delete(key)),
            typed: TypedName(key: key)
        )
    }
}
