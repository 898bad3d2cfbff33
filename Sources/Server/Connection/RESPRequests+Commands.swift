import NIOCore
import Storage

/// What commands without keys ask of their connection.
extension RESPRequests: CommandConnection {
    var identifier: Int { connection.identifier }
    var remoteAddress: String { connection.remoteAddress }
    var now: UInt64 { connection.passNow }
    var state: ServingState { connection.loop.state }
    var control: any NodeControl { connection.loop.control }
    var metrics: NodeMetrics { connection.loop.metrics }
    var topology: TopologyCache { connection.loop.topology }

    var collectFollowers: @Sendable () -> [InfoFields.Replica] {
        let streams = connection.loop.streams
        return { streams.followers() }
    }

    func runOnPool<T: Sendable>(
        usesStore: Bool,
        _ work: @escaping @Sendable () -> T,
        _ finish: @escaping (inout Reply, T) -> Void
    ) {
        OffLoopWork(connection).onPool(usesStore: usesStore, work) { connection, value in
            finish(&connection.reply, value)
        }
    }

    func closeAfterReplies() { connection.closeAfterReplies() }

    func park() { connection.park() }

    func awaitReplicas(_ count: Int, timeout: Int64) { WaitCommand.begin(count, timeout: timeout, for: connection) }
}

extension RESPRequests {
    /// The batches up to `number` were not committed, and the command that has paused may have to do with them.
    func fail(through number: UInt64, _ error: StorageError) {
        guard let steps = manyKeys, steps.firstBatch <= number else { return }
        // What it has read of them never was: it begins anew.
        if steps.hasWritten { steps.failure = error } else { manyKeys = nil }
    }
}

/// MULTI, EXEC, DISCARD, WATCH and UNWATCH, which are refused for now, so that COMMAND does not list them; and names of
/// no command.
extension RESPRequests {
    /// - Returns: whether the command was answered; otherwise it is to be executed.
    func answerInsideTransaction(_ arguments: Arguments) -> Bool {
        write(transaction.answerInside(arguments[0], count: arguments.count))
    }

    /// Of a command that is in no transaction.
    /// - Returns: whether it is one of transactions, and was answered.
    func answerTransactionCommand(_ arguments: Arguments) -> Bool {
        write(transaction.answerOutside(arguments[0], count: arguments.count))
    }

    private func write(_ answer: RefusedTransaction.Decision) -> Bool {
        switch answer {
        case .execute: return false
        case .ok: connection.output.writeRESPOK()
        case .error(let text): connection.output.writeRESPError(text)
        }
        return true
    }

    func writeUnknownCommand(_ arguments: Arguments) {
        var quoted: [UInt8] = []
        var index = 1
        // As in Redis: 128 bytes of arguments in all, quotes and spaces included, each up to its first zero byte.
        while index < arguments.count, quoted.count < 128 {
            quoted.append(UInt8(ascii: "'"))
            quoted += arguments.quoted(index, max: 129 - quoted.count)
            quoted += Array("' ".utf8)
            index += 1
        }
        let name = arguments.quoted(0, max: 128)
        connection.reply.error(
            bytes: Array("ERR unknown command '".utf8) + name + Array("', with args beginning with: ".utf8) + quoted
        )
    }
}
