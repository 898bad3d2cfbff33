/// What an update asks its runner to do. The state itself touches nothing outside.
package enum ConsoleAction: Hashable, Sendable {
    case start([String])
    case stop([String])
    /// Makes the node at that address the leader of its shard.
    case switchOver(shard: String, to: String)
    /// Begins or ends to ask for the slots' owners and figures; they come as events.
    case watchSlots(Bool)
    case reshard(ReshardCommand)
    /// Shows the theme of this name from now on.
    case useTheme(String)
    /// Puts the text on the user's clipboard through the terminal.
    case copy(String)
    /// Repaints every cell.
    case redraw
    /// Leaves the console; embedded nodes are stopped after the terminal is back.
    case quit
}
