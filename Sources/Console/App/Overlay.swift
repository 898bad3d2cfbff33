import Terminal

/// What lies over a view and takes the keys.
package enum Overlay: Hashable, Sendable {
    case none
    case help(top: Int)
    case confirm(ConfirmDialog)

    /// A key in the help: `handler` is what it does elsewhere.
    mutating func pressInHelp(_ handler: ConsoleCommand.Handler?, _ table: CommandTable, _ context: ViewContext) {
        guard case .help(let top) = self else { return }
        let help = HelpLayout(width: context.width, height: context.height)
        switch handler {
        case .back, .help, .quit, .open: self = .none
        case .move(let movement):
            let count = HelpText.rows(table, width: help.textWidth).count
            self = .help(top: help.moved(top, movement, count: count))
        default: break
        }
    }
}
