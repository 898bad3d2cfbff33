import Model
import Server

/// What a view asks of the console around it. A view changes its own state and nothing else.
enum ViewEffect {
    /// Something to be done outside.
    case act(ConsoleAction)
    /// A line for the user.
    case say(String, ClusterEvent.Severity = .info)
    /// Something that happened, for the events.
    case tell(ClusterEvent.Severity, String)
    /// Begins to type something, from what it is now.
    case ask(Prompt, String)
    /// A question that is answered before anything is done.
    case confirm(ConfirmDialog)
    /// Shows this view; Esc leads to the dashboard from there.
    case show(ConsoleView)
    /// Shows what was shown before this view.
    case leave
    /// What was done has its result.
    case finish(ConsoleAction, String, isGood: Bool)
}

/// What the console hands to its views, to be read only.
struct ViewContext: Sendable {
    var width: Int
    var height: Int
    var clock: ConsoleClock
    /// The newest status that is shown.
    var snapshot: ClusterSnapshot?
    var display: ConsoleDisplay

    var shards: [ClusterStatus.Shard] { snapshot?.status.shards ?? [] }
}

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
