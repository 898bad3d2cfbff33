/// What an update asks its runner to do. The state itself touches nothing outside.
package enum ConsoleAction: Hashable, Sendable {
    case start([String])
    case stop([String])
    /// Begins a rolling restart. The state itself asks for each step, so that this one asks for nothing outside.
    case restart([String])
    /// One answer to a question about several things.
    case several([ConsoleAction])
    /// Makes the node at that address the leader of its shard.
    case switchOver(shard: String, to: String)
    /// Begins or ends to ask for the slots' owners and details; they come as events.
    case watchSlots(Bool)
    /// Asks this node, and no other, for what `NodeDetails` has; nil: none.
    case watchNode(String?)
    case reshard(ReshardCommand)
    case keys(KeysCommand)
    /// A line for the log: who did what, and what became of it.
    case audit(String)
    /// Shows the theme of this name from now on.
    case useTheme(String)
    /// Puts the text on the user's clipboard through the terminal.
    case copy(String)
    /// Turns the reports of the mouse on or off; `mouseMode` says what came of it.
    case useMouse(Bool)
    /// Repaints every cell.
    case redraw
    /// Leaves the console; embedded nodes are stopped after the terminal is back.
    case quit
}
