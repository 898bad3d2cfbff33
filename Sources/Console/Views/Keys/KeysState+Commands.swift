import Model
import Server
import Terminal

/// What the commands of the keys' view do.
extension KeysState {
    /// A line that can't be taken, and why.
    private struct Refusal: Error {
        var text: String
    }

    /// `5`, and `:scan PREFIX` from anywhere.
    mutating func show(prefix: String? = nil, now: Int) -> [ViewEffect] {
        guard prefix != nil || number == 0 else { return [.show(.keys)] }
        return [.show(.keys)] + scan(prefix ?? "", now: now)
    }

    /// Lists the keys that begin with what was typed.
    mutating func scan(_ text: String, now: Int) -> [ViewEffect] {
        guard let prefix = KeyText.bytes(of: text) else { return [Self.badEscape(text)] }
        close()
        return [.act(.keys(list(prefix: prefix, now: now)))]
    }

    private static func badEscape(_ text: String) -> ViewEffect {
        .say("a backslash in \"\(text)\" is no escape; there are \\\\ \\n \\r \\t and \\x00 to \\xff", .error)
    }

    /// `r`: begins the listing anew, and reads the open value again.
    mutating func reload(now: Int) -> [ViewEffect] {
        if let key = opened { return [.act(.keys(.read(key)))] }
        return [.act(.keys(list(prefix: prefix, now: now)))]
    }

    /// Enter on a key.
    mutating func openSelected() -> [ViewEffect] {
        guard opened == nil, let key = selectedKey else { return [] }
        return [.act(.keys(open(key)))]
    }

    /// `:get KEY`, in any view.
    mutating func get(_ argument: String, now: Int) -> [ViewEffect] {
        do throws(Refusal) {
            let key = try Self.key(argument, "get")
            let first = number == 0 ? show(now: now) : [.show(.keys)]
            return first + [.act(.keys(open(key)))]
        } catch {
            return [.say(error.text, .error)]
        }
    }

    /// The key that was typed.
    private static func key(_ text: String, _ command: String) throws(Refusal) -> [UInt8] {
        guard !text.isEmpty else { throw Refusal(text: "\(command) needs a key") }
        guard let key = KeyText.bytes(of: text) else {
            throw Refusal(
                text: "a backslash in \"\(text)\" is no escape; there are \\\\ \\n \\r \\t and \\x00 to \\xff"
            )
        }
        guard key.count <= KeyLimits.keyBytesMax else {
            throw Refusal(text: "a key has at most \(KeyLimits.keyBytesMax) bytes")
        }
        return key
    }

    /// `:put KEY VALUE`.
    func put(_ argument: String) -> [ViewEffect] {
        let words = argument.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        guard words.count == 2 else { return [.say("put needs a key and a value: :put user:1 Ada", .error)] }
        do throws(Refusal) {
            let key = try Self.key(String(words[0]), "put")
            guard let value = KeyText.bytes(of: String(words[1])) else { return [Self.badEscape(String(words[1]))] }
            return [.act(.keys(.put(key, value: value, instead: nil)))]
        } catch {
            return [.say(error.text, .error)]
        }
    }

    /// `e`: the value as a line to be changed.
    mutating func edit() -> [ViewEffect] {
        guard let key = opened ?? selectedKey else { return [] }
        guard let value, value.key == key else {
            guard opened == nil else { return [] }
            // What is changed must have been seen.
            return [.act(.keys(open(key)))]
        }
        let tooLong = "longer than \(LineEditor.limit) characters: write it with shoal put KEY - < FILE"
        guard let bytes = value.bytes, value.isWhole else {
            return [.say(value.bytes == nil ? "there is no such key any more" : tooLong, .warning)]
        }
        let text = KeyText.text(of: bytes)
        guard text.count <= LineEditor.limit else { return [.say(tooLong, .warning)] }
        return [.ask(.edit(key, instead: bytes), text)]
    }

    /// `d`: asks for the name first.
    /// - Parameter isShown: the view is; elsewhere a key has to be named.
    func delete(_ argument: String, isShown: Bool) -> [ViewEffect] {
        guard !argument.isEmpty else {
            guard isShown, let pointed else { return [.say("del needs a key", .error)] }
            return [.confirm(.deleteKey(pointed))]
        }
        do throws(Refusal) {
            return [.confirm(.deleteKey(try Self.key(argument, "del")))]
        } catch {
            return [.say(error.text, .error)]
        }
    }

    /// `u`, or `:expire SECONDS`.
    func expire(_ argument: String, isShown: Bool) -> [ViewEffect] {
        guard isShown, let key = pointed else { return [.say("open the keys (5) and select one first", .warning)] }
        guard argument.isEmpty else { return expire(key, argument) }
        return [.ask(.expire(key), "")]
    }

    private func expire(_ key: [UInt8], _ text: String) -> [ViewEffect] {
        if text == "never" { return [.act(.keys(.expire(key, seconds: nil)))] }
        guard let seconds = Int(text), (1...KeyLimits.secondsMax).contains(seconds) else {
            return [.say("\"\(text)\" is not a time to live; give seconds, or never", .error)]
        }
        return [.act(.keys(.expire(key, seconds: seconds)))]
    }

    /// `v`, or `:form FORM`.
    mutating func show(form argument: String) -> [ViewEffect] {
        if argument.isEmpty {
            let all = Form.allCases
            let index = all.firstIndex(of: form) ?? 0
            form = all[(index + 1) % all.count]
        } else if let named = Form(rawValue: argument) {
            form = named
        } else {
            let known = Form.allCases.map(\.rawValue).joined(separator: ", ")
            return [.say("values can't be shown as \"\(argument)\"; there are \(known)", .error)]
        }
        valueTop = 0
        return []
    }

    /// A line typed for this view is done.
    mutating func accept(_ text: String, for prompt: Prompt, now: Int) -> [ViewEffect] {
        switch prompt {
        case .scan: return scan(text, now: now)
        case .find: return []
        case .expire(let key): return expire(key, text.trimmed)
        case .edit(let key, let instead):
            guard let value = KeyText.bytes(of: text) else { return [Self.badEscape(text)] }
            guard value != instead else { return [.say("unchanged")] }
            return [.act(.keys(.put(key, value: value, instead: instead)))]
        }
    }

    mutating func back() -> [ViewEffect] {
        guard opened != nil else { return [.leave] }
        close()
        return []
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
