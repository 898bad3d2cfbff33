import Replication
import Resharding
import Routing
import Storage

/// Commands after which the connection is a stream.
extension RESPRequests {
    /// A follower asks for the log: the connection carries peer frames from here on.
    /// - Returns: whether the command was that.
    func beginReplication(_ arguments: Arguments) -> Bool {
        guard arguments.text(0).uppercased() == PeerHello.command else { return false }
        let words = arguments.rest
        if state.store != nil, state.isAboutToLead {
            // In a moment there is a stream to give; a refusal would cost the shard the follower's next pause.
            connection.park()
            return true
        }
        guard let store = state.store, state.isLeader else {
            connection.output.writeRESPError(
                "ERR \(state.address) is not the leader of \(state.shardName) now (\(state.phase.rawValue))"
            )
            return true
        }
        do throws(ReplicationError) {
            connection.replication = (try PeerHello(arguments: words), store)
            connection.isBlocked = true
        } catch {
            connection.output.writeRESPError("ERR \(error)")
        }
        return true
    }

    /// A target's leader asks for a move: the connection carries frames of moves from here on.
    /// - Returns: whether the command was that.
    func beginMigration(_ arguments: Arguments) -> Bool {
        guard arguments.text(0).uppercased() == MigrationHello.command else { return false }
        let words = arguments.rest
        if state.store != nil, state.isAboutToLead {
            connection.park()
            return true
        }
        guard let resharding = state.resharding, state.isLeader else {
            connection.output.writeRESPError(
                "ERR \(state.address) is not the leader of \(state.shardName) now (\(state.phase.rawValue))"
            )
            return true
        }
        do throws(ReshardError) {
            connection.migration = (try MigrationHello(arguments: words), resharding)
            connection.isBlocked = true
        } catch {
            connection.output.writeRESPError("ERR \(error)")
        }
        return true
    }
}
