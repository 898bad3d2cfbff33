import Terminal

/// One thing the console can do: its name for `:`, its keys, its line of help and its place in the hints.
/// Keys, hints, help and completion all come from these entries; what has no entry does not exist.
package struct ConsoleCommand: Hashable, Sendable {
    /// What the update runs for it.
    package enum Handler: Hashable, Sendable {
        case view(ConsoleView)
        /// Slots coloured by the next (`1`) or previous (`-1`) number, or by the one named.
        case shade(Int), shadeBy
        /// The wizard; the job's pause and end; its rate; a mark on the line of a list.
        case reshard, reshardPause, reshardCancel, reshardRate, mark
        /// Keys and values.
        case scan, get, put, edit, delete, expire, form, reload
        /// Feeds: words to look for, what is listed, the least level.
        case find, scope, level
        /// All shown nodes one after the other.
        case restart, markRow
        case quit, help, palette, filter, start, stop, switchover, open, back, move(Movement), nextPanel, previousPanel
        case nextColumn, previousColumn, sort, invert, graph, nextGraph, previousGraph, zoom(Int), graphSet, theme,
            faster, slower, refresh,
            pause, copy, mouse, redraw
    }

    package enum Movement: Hashable, Sendable { case up, down, left, right, pageUp, pageDown, top, bottom }

    /// What may follow the name after `:`, for completion and for the help.
    package enum Argument: Hashable, Sendable {
        case none, target, targets, theme, column, graph, graphSet, shade, slot, reshard, form, level, seconds, onOff,
            text

        package var placeholder: String {
            switch self {
            case .none: ""
            case .target: "[NAME]"
            case .targets: "[NAME ...]"
            case .theme: "[NAME]"
            case .column: "[COLUMN]"
            case .graph: "[KIND]"
            case .graphSet: "[SET]"
            case .shade: "[METRIC]"
            case .slot: "[SLOT]"
            case .reshard: "[VERB]"
            case .form: "[FORM]"
            case .level: "[LEVEL]"
            case .seconds: "[SECONDS]"
            case .onOff: "[on/off]"
            case .text: "[TEXT]"
            }
        }
    }

    /// When a hint for it is of use.
    package enum Hint: Hashable, Sendable {
        case never
        case always(String)
        case onTable(String)
        /// On the row of a shard, or of a node of one.
        case onShard(String)
        /// Where a graph is seen.
        case onGraph(String)
        /// Where the graph has the keyboard.
        case inGraph(String)
        /// In the reshard view, where and as that says.
        case inReshard
        /// In the views of the command.
        case inView(String)
        /// In the keys' view, where there is a key.
        case onKey(String)
        /// In every view but the one it shows.
        case otherView(String)
        /// Where something is selected that can be copied.
        case onSelection(String)
        case whenBackWorks(String)
    }

    package var name: String
    package var argument = Argument.none
    package var keys: [Key] = []
    package var handler: Handler
    package var description: String
    /// Changes the cluster: absent with `--read-only`.
    package var isMutating = false
    /// There only with a way to resharding.
    package var needsReshard = false
    package var hint = Hint.never
    /// Where its keys mean it; nil: everywhere. Its name after `:` means it in every view.
    package var views: Set<ConsoleView>?

    /// Whether its keys mean it in a view.
    package func isFor(_ view: ConsoleView) -> Bool { views?.contains(view) ?? true }
}
