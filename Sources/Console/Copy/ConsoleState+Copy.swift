import Server
import Terminal

extension ConsoleState {
    /// What `y` copies.
    enum SelectedThing: Hashable {
        /// The name of the cluster or a shard, the address of a node, or slots.
        case name(String)
        case key([UInt8])
        /// The value of a key; nil while it is on its way.
        case value(of: [UInt8], KeyValue?)
    }

    /// What is selected and can be copied; nil where nothing is.
    var selectedThing: SelectedThing? {
        switch view {
        case .dashboard, .shard, .node:
            guard let row = row(pointed) else { return nil }
            if case .cluster(let status) = row { return .name(status.cluster) }
            return .name(Self.name(of: row.id))
        case .slots:
            if slotsView.panel == .shards, let shard = slotsView.shard { return .name(shard) }
            return .name(slotsText)
        case .keys:
            if let key = keysView.opened { return .value(of: key, keysView.value) }
            return keysView.selectedKey.map(SelectedThing.key)
        case .events, .logs, .reshard: return nil
        }
    }

    mutating func copySelection() -> [ConsoleAction] {
        switch selectedThing {
        case nil:
            say("nothing is selected here that can be copied", .warning)
            return []
        case .name(let name): return copy(name, as: SafeText.truncated(name, to: 60))
        case .key(let key):
            // As it is typed after `:get`: a key with line ends, pasted as it is, would be something else.
            return copy(KeyText.name(of: key), as: "the key \(Self.shortName(key))")
        case .value(let key, let value): return copyValue(of: key, value)
        }
    }

    private mutating func copyValue(of key: [UInt8], _ value: KeyValue?) -> [ConsoleAction] {
        guard let value else {
            say("the value is not here yet", .warning)
            return []
        }
        guard let bytes = value.bytes else {
            say("there is no such key", .warning)
            return []
        }
        guard value.isWhole else {
            let most = NumberFormat.bytes(KeyValue.shownMax)
            say("only \(most) of the value are here: shoal get KEY > FILE writes all of it", .warning)
            return []
        }
        guard !bytes.isEmpty else {
            say("the value is empty: there is nothing to copy", .warning)
            return []
        }
        let name = "the value of \(Self.shortName(key)), \(NumberFormat.bytes(bytes.count))"
        if let text = Self.plainText(bytes) { return copy(text, as: name) }
        return copy(KeyText.text(of: bytes), as: name + " with escapes")
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

    private mutating func copy(_ text: String, as name: String) -> [ConsoleAction] {
        let bytes = text.utf8.count
        guard bytes <= ClipboardSequence.bytesMax else {
            let most = NumberFormat.bytes(ClipboardSequence.bytesMax)
            say("too long to copy: \(NumberFormat.bytes(bytes)), and terminals take \(most)", .warning)
            return []
        }
        // Nobody is told whether it arrived, so that the notice claims no more than was done.
        let way = display.isInTmux ? "to tmux, which hands it on with set-clipboard on" : "to the terminal's clipboard"
        say("copied \(name) (sent \(way))")
        return [.copy(text)]
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
