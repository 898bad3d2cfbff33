/// MULTI while there are no transactions: it is refused, and so is every command up to EXEC or DISCARD. Clients send all
/// of it at once; executing the commands one by one would be half of what was asked for.
package struct RefusedTransaction {
    package enum Decision: Equatable, Sendable {
        /// The command is none of a transaction's.
        case execute
        case ok
        /// Code first.
        case error(String)
    }

    private static let notSupported = "transactions are not supported yet"

    /// MULTI was refused, and neither EXEC nor DISCARD has come.
    package private(set) var isOpen = false

    package init() {}

    /// What to answer to a command inside the transaction.
    /// - Parameters:
    ///   - name: as the client wrote it; read only during the call.
    ///   - count: words of the command, the name included.
    package mutating func answerInside(_ name: UnsafeRawBufferPointer, count: Int) -> Decision {
        if ASCII.matches(name, "reset") || ASCII.matches(name, "quit") {
            isOpen = false
            return .execute
        }
        if ASCII.matches(name, "multi") { return .error("ERR MULTI calls can not be nested") }
        let isExec = ASCII.matches(name, "exec")
        guard isExec || ASCII.matches(name, "discard") else {
            return .error("ERR \(Self.notSupported): this command was not executed")
        }
        guard count == 1 else { return Self.wrongCount(isExec ? "exec" : "discard") }
        isOpen = false
        return isExec ? .error("EXECABORT Transaction discarded because of: \(Self.notSupported)") : .ok
    }

    /// What to answer to a command outside of any transaction; begins one at MULTI.
    package mutating func answerOutside(_ name: UnsafeRawBufferPointer, count: Int) -> Decision {
        if ASCII.matches(name, "multi") {
            guard count == 1 else { return Self.wrongCount("multi") }
            isOpen = true
            return .error("ERR \(Self.notSupported): nothing is executed until EXEC or DISCARD")
        }
        if ASCII.matches(name, "exec") { return .error("ERR EXEC without MULTI") }
        if ASCII.matches(name, "discard") { return .error("ERR DISCARD without MULTI") }
        if ASCII.matches(name, "watch") {
            return count > 1 ? .error("ERR \(Self.notSupported): WATCH watches nothing") : Self.wrongCount("watch")
        }
        if ASCII.matches(name, "unwatch") { return count == 1 ? .ok : Self.wrongCount("unwatch") }
        return .execute
    }

    private static func wrongCount(_ name: String) -> Decision {
        .error("ERR wrong number of arguments for '\(name)' command")
    }
}
