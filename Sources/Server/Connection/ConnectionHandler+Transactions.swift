import Storage

/// MULTI, EXEC, DISCARD, WATCH and UNWATCH, which are refused for now.
extension ConnectionHandler {
    /// - Returns: whether the command was answered; otherwise it is to be executed.
    func answerInsideTransaction(_ arguments: Arguments) -> Bool {
        write(transaction.answerInside(arguments[0], count: arguments.count))
    }

    /// Of a command that is in no transaction.
    /// - Returns: whether it is one of transactions, and was answered.
    func answerTransactionCommand(_ arguments: Arguments) -> Bool {
        write(transaction.answerOutside(arguments[0], count: arguments.count))
    }

    private func write(_ answer: RefusedTransaction.Answer) -> Bool {
        switch answer {
        case .execute: return false
        case .ok: output.writeRESPOK()
        case .error(let text): output.writeRESPError(text)
        }
        return true
    }
}
