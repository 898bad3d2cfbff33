import Storage

/// MULTI, EXEC, DISCARD, WATCH and UNWATCH, which are refused for now.
extension ConnectionHandler {
    /// - Returns: whether the command was answered; otherwise it is to be executed.
    func answerInsideTransaction(_ bytes: UnsafeRawBufferPointer) -> Bool {
        write(transaction.answerInside(arguments.bytes(0, in: bytes), count: arguments.count))
    }

    /// Of a command that is in no transaction.
    /// - Returns: whether it is one of transactions, and was answered.
    func answerTransactionCommand(_ bytes: UnsafeRawBufferPointer) -> Bool {
        write(transaction.answerOutside(arguments.bytes(0, in: bytes), count: arguments.count))
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
