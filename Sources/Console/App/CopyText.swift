import Model
import Server
import Terminal

/// What `y` copies.
enum CopyText: Hashable {
    /// The name of the cluster or a shard, the address of a node, or slots.
    case name(String)
    case key([UInt8])
    /// The value of a key; nil while it is on its way.
    case value(of: [UInt8], KeyValue?)

    /// nil where nothing is selected that can be copied.
    init?(selectedIn state: ConsoleState) {
        switch state.view {
        case .dashboard, .shard, .node:
            guard let row = state.row(state.pointed) else { return nil }
            if case .cluster(let status) = row { self = .name(status.cluster) } else { self = .name(row.id.name) }
        case .slots: self = .name(state.slots.text(state.context))
        case .keys:
            if let key = state.keys.opened {
                self = .value(of: key, state.keys.value)
            } else if let key = state.keys.selectedKey {
                self = .key(key)
            } else {
                return nil
            }
        case .events, .logs, .reshard: return nil
        }
    }

    func copy(_ display: ConsoleDisplay) -> [ViewEffect] {
        switch self {
        case .name(let name): return Self.copy(name, as: SafeText.truncated(name, to: 60), display)
        case .key(let key):
            // As it is typed after `:get`: a key with line ends, pasted as it is, would be something else.
            return Self.copy(KeyText.name(of: key), as: "the key \(Self.shortName(key))", display)
        case .value(let key, let value): return Self.copyValue(of: key, value, display)
        }
    }

    private static func copyValue(of key: [UInt8], _ value: KeyValue?, _ display: ConsoleDisplay) -> [ViewEffect] {
        guard let value else { return [.say("the value is not here yet", .warning)] }
        guard let bytes = value.bytes else { return [.say("there is no such key", .warning)] }
        guard value.isWhole else {
            let most = NumberFormat.bytes(KeyValue.shownMax)
            return [.say("only \(most) of the value are here: shoal get KEY > FILE writes all of it", .warning)]
        }
        guard !bytes.isEmpty else { return [.say("the value is empty: there is nothing to copy", .warning)] }
        let name = "the value of \(shortName(key)), \(NumberFormat.bytes(bytes.count))"
        if let text = plainText(bytes) { return copy(text, as: name, display) }
        return copy(KeyText.text(of: bytes), as: name + " with escapes", display)
    }

    /// A value that is text, with line ends and tabs; whatever else could do something where it is pasted is not.
    private static func plainText(_ bytes: [UInt8]) -> String? {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        let isPlain = text.unicodeScalars.allSatisfy { scalar in
            scalar == "\n" || scalar == "\t" || SafeText.isPlain(scalar) || scalar.properties.isMark
        }
        return isPlain ? text : nil
    }

    private static func shortName(_ key: [UInt8]) -> String {
        SafeText.truncated(KeyText.name(of: key, limit: 64), to: 32)
    }

    private static func copy(_ text: String, as name: String, _ display: ConsoleDisplay) -> [ViewEffect] {
        let bytes = text.utf8.count
        guard bytes <= ClipboardSequence.bytesMax else {
            let most = NumberFormat.bytes(ClipboardSequence.bytesMax)
            return [.say("too long to copy: \(NumberFormat.bytes(bytes)), and terminals take \(most)", .warning)]
        }
        // Nobody is told whether it arrived, so that the notice claims no more than was done.
        let way = display.isInTmux ? "to tmux, which hands it on with set-clipboard on" : "to the terminal's clipboard"
        return [.say("copied \(name) (sent \(way))"), .act(.copy(text))]
    }
}

extension Unicode.Scalar.Properties {
    /// Combines with the letter before it: no column of its own, and harmless.
    fileprivate var isMark: Bool {
        switch generalCategory {
        case .nonspacingMark, .enclosingMark, .spacingMark: true
        default: false
        }
    }
}
