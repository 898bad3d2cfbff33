import Terminal

/// What lies at a cell of the screen, as far as the mouse can do something with it.
package enum MouseTarget: Hashable, Sendable {
    case nothing
    /// A hint in the last line: a click is its key.
    case hint(Key)
    /// A line for the user in the hints' place: a click takes it away.
    case notice
    case cancel, confirm
    /// The help, and the line of it that says how to close it.
    case help, helpFoot
    case row(RowID)
    /// A panel of the dashboard, beside its rows.
    case panel(ConsolePanel)
    /// The place of a key in the list, the list below the last one, and an open value.
    case key(Int)
    case keyList, value
    /// The first slot of a cell; a shard of the legend by its place; the legend beside those.
    case slot(Int)
    case shard(Int)
    case legend
    /// Events or logs.
    case feed
    case wizard
}

/// Whether the terminal reports the mouse.
package enum MouseMode: Hashable, Sendable {
    case on, off
    /// The terminal has none.
    case missing
}
