import Model
import Storage

/// Replies of a node that can't answer.
extension Reply {
    mutating func notServing(_ state: ServingState) {
        switch state.phase {
        case .starting, .syncing: error("LOADING \(state.message)")
        default: error("CLUSTERDOWN Shard \(state.shardName) is \(state.phase.rawValue) on this node")
        }
    }

    mutating func takingCopy() { error("LOADING this replica is taking a full copy from its leader") }

    /// The open shard, for a command that looks at all of it; nil when the refusal has been answered.
    mutating func readableStore(of state: ServingState) -> ShardStore? {
        guard let store = state.store else {
            notServing(state)
            return nil
        }
        if let failure = store.failed {
            error(failure)
            return nil
        }
        guard state.isLeader || !store.holdsNoState else {
            takingCopy()
            return nil
        }
        return store
    }

    /// The subcommand in lower case; nil when HELP or an error has been answered.
    mutating func subcommand(of command: CommandDescriptor, _ arguments: Arguments) -> String? {
        switch command.check(arguments.text(1), count: arguments.count) {
        case .known(let name): return name
        case .refused(let text): error(text)
        case .help:
            var help: [UInt8] = []
            command.appendHelp(to: &help)
            raw(help)
        }
        return nil
    }
}
