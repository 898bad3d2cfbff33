import Model

/// Commands of peers, after which the connection is a stream.
extension RESPRequests {
    /// A peer asks for a stream: the connection carries frames from here on.
    /// - Returns: whether the command was that.
    func beginStream(_ arguments: Arguments) -> Bool {
        let command = arguments.text(0).uppercased()
        guard StreamRequest.isOne(command) else { return false }
        if state.store != nil, state.isAboutToLead {
            // In a moment there is a stream to give; a refusal would cost the shard the peer's next pause.
            connection.park()
            return true
        }
        switch StreamRequest.make(command, arguments.rest, state.streamed) {
        case .success(let request):
            connection.stream = request
            connection.isBlocked = true
        case .failure(let refusal): connection.output.writeRESPError("ERR \(refusal.reason)")
        case nil:
            connection.output.writeRESPError(
                "ERR \(state.address) is not the leader of \(state.shardName) now (\(state.phase.rawValue))"
            )
        }
        return true
    }
}
