import Model
import NIOCore
import Storage

/// RESP of one connection: its commands are decoded, executed and answered in order. On the connection's loop.
final class RESPRequests {
    /// It owns this, and lives longer.
    unowned(unsafe) let connection: ConnectionHandler
    // Kept here, since each access to a static property asks first whether it has been made.
    private let lookup = CommandRegistry.lookup
    let traits = CommandRegistry.traits
    @exclusivity(unchecked) private var parser = RESPRequestParser()
    @exclusivity(unchecked) private var arguments = ArgumentList()
    @exclusivity(unchecked) private var scout = PipelineScout()
    @exclusivity(unchecked) var acceptsReplicaReads = false
    @exclusivity(unchecked) var transaction = RefusedTransaction()
    var clientName = ""
    /// The command on many keys that has paused.
    @exclusivity(unchecked) var manyKeys: KeyProgress?
    /// The argument of the command at the offset from which on keys were fetched last, and how often.
    @exclusivity(unchecked) var fetchPlace = 0
    @exclusivity(unchecked) var fetchAttempts = 0

    init(_ connection: ConnectionHandler) { self.connection = connection }

    /// Why a pass over the input came to its end.
    private enum PassEnd {
        case stopped
        case broken(String)
        case foreign
        /// The last command has a reply in parts, which the session keeps.
        case large
        /// The command at the offset goes on later.
        case paused(CommandOutcome)
    }

    /// What a pass has done.
    private struct PassProgress {
        /// Of the next command in the input.
        var offset = 0
        var executed = 0
        /// Where the last executed command begins.
        var last = 0
    }

    /// Decodes and executes whole commands in `input`: reads without the store's lock, and from the first write on under
    /// one hold of it, which never lasts across I/O.
    ///
    /// The connection is handed down: what is reached through an unowned reference is counted at each use.
    func process() {
        let connection = connection
        let state = connection.loop.state
        let store = state.store
        var broken: String?
        var progress = PassProgress()
        var pass = StorePass(store, connection.makeSession())
        pass.session?.progress = manyKeys
        manyKeys = nil
        let node = Admission.NodeView(state, connection.loop.control)
        scout.startOver()
        let consumed = connection.input.withUnsafeReadableBytes { bytes in
            while true {
                let end = executeWhole(connection, bytes, node, &pass, &progress)
                guard pass.settle(reads: connection.passReads) else {
                    takeBack(&pass, &progress)
                    continue
                }
                switch end {
                case .stopped: return progress.offset
                case .broken(let message):
                    broken = message
                    return bytes.count
                case .foreign:
                    connection.endForOtherProtocol()
                    return bytes.count
                case .large:
                    if let reply = pass.session?.progress?.wholeReply {
                        connection.queue.put(reply, open: &connection.output)
                    }
                    pass.session?.progress = nil
                case .paused(let outcome):
                    pause(for: outcome, arguments.view(in: bytes), &pass)
                    if connection.isBlocked { return progress.offset }
                }
            }
        }
        manyKeys = pass.session?.progress
        if let port = connection.loop.port { store?.rest(port) }
        // Asked again after the reads: the process may have been stopped in the middle of them.
        let hasLapsed = state.isLeader && !node.isLapsed && consumed > 0 && !(store?.isLeaderOrHolds ?? true)
        if hasLapsed { return connection.abandonHeldReplies() }
        if progress.executed > 0 { noteSlowPass(progress.executed, last: progress.last) }
        connection.input.moveReaderIndex(forwardBy: consumed)
        // Not `clear`, which would keep the memory: NIO reads into it again if nobody else holds it.
        if connection.input.readableBytes == 0 { connection.input = ByteBuffer() }
        if pass.needsCommit { connection.loop.scheduleCommit() }
        if let broken {
            connection.output.writeRESPError("ERR " + broken)
            connection.loop.counters.errors.add(1)
            connection.isClosing = true
        }
    }

    private func executeWhole(
        _ connection: ConnectionHandler,
        _ bytes: UnsafeRawBufferPointer,
        _ node: Admission.NodeView,
        _ pass: inout StorePass,
        _ progress: inout PassProgress
    ) -> PassEnd {
        while connection.goesOn {
            // A single command has nothing to overlap with, and writes look at the hot table when they become visible.
            if progress.executed > 0, progress.offset >= scout.end, !pass.isLocked, progress.offset < bytes.count,
                let store = pass.store, let port = connection.loop.port
            {
                scout.look(bytes, from: progress.offset, store, port)
            }
            switch parser.parse(bytes, from: progress.offset, into: &arguments) {
            case .incomplete: return .stopped
            case .broken(let message): return .broken(message)
            case .foreign: return .foreign
            case .complete(let end):
                if arguments.count > 0 {
                    let start = connection.output.writerIndex
                    guard let outcome = evaluate(connection, arguments.view(in: bytes), node, &pass, progress) else {
                        takeBack(&pass, &progress)
                        continue
                    }
                    if outcome != .done {
                        connection.output.moveWriterIndex(to: start)
                        parser.keep(from: progress.offset, to: end)
                        return .paused(outcome)
                    }
                    if connection.waitsForRoom {
                        parser.keep(from: progress.offset, to: end)
                        return .stopped
                    }
                    progress.executed += 1
                    progress.last = progress.offset
                    fetchAttempts = 0
                    connection.countError(from: start)
                    if !connection.isBlocked { connection.queue.countReply() }
                    if let steps = pass.session?.progress {
                        guard steps.wholeReply == nil else {
                            progress.offset = end
                            return .large
                        }
                        pass.session?.progress = nil
                    }
                }
                progress.offset = end
            }
        }
        return .stopped
    }

    /// What was read without the lock is evaluated anew: what it went by has changed meanwhile.
    private func takeBack(_ pass: inout StorePass, _ progress: inout PassProgress) {
        connection.output.moveWriterIndex(to: pass.run.output)
        connection.passReads = pass.run.reads
        connection.queue.takeBackReplies(to: pass.run.replies)
        pass.session?.progress = nil
        parser.startOver()
        progress.offset = pass.run.offset
        progress.executed = pass.run.executed
    }

    /// Evaluates one command, with the lock if it needs it.
    /// - Returns: nil if what was read before it in this pass is void.
    @inline(__always)
    private func evaluate(
        _ connection: ConnectionHandler,
        _ arguments: Arguments,
        _ node: Admission.NodeView,
        _ pass: inout StorePass,
        _ progress: PassProgress
    ) -> CommandOutcome? {
        while true {
            pass.begin(
                StorePass.Run(
                    offset: progress.offset,
                    output: connection.output.writerIndex,
                    executed: progress.executed,
                    reads: connection.passReads,
                    replies: connection.queue.repliesHeld
                )
            )
            let outcome = execute(connection, arguments, node, &pass)
            switch outcome {
            case .needsLock: guard pass.lock(reads: connection.passReads) else { return nil }
            case .needsNoLock: guard pass.settle(reads: connection.passReads) else { return nil }
            case .done, .needsEngine, .needsTurn: return outcome
            }
        }
    }

    /// One command.
    @inline(__always)
    private func execute(
        _ connection: ConnectionHandler,
        _ arguments: Arguments,
        _ node: Admission.NodeView,
        _ pass: inout StorePass
    ) -> CommandOutcome {
        // The lock is not held, and nothing was read before that might be void.
        let isFree = !pass.isLocked && connection.passReads == pass.run.reads
        if transaction.isOpen {
            guard isFree else { return .needsNoLock }
            if answerInsideTransaction(arguments) { return .done }
        }
        guard let command = lookup.find(arguments[0]) else {
            guard isFree else { return .needsNoLock }
            executeUnknown(arguments)
            return .done
        }
        guard traits[command].takes(count: arguments.count) else {
            connection.reply.wrongCount(of: command.name)
            return .done
        }
        switch traits[command].execution {
        case .keyless(let run):
            guard isFree else { return .needsNoLock }
            connection.loop.counters.commands.add(1)
            run(self, arguments, &connection.reply)
            // WAIT is meant to wait.
            if connection.isBlocked, command.name != "wait" {
                connection.blocking = (connection.passStart, SlowLog.words(of: arguments))
            }
            return .done
        case .data(let run):
            guard pass.store != nil else {
                writeRedirect(arguments)
                return .done
            }
            let outcome = executeKeyed(connection, command, run, arguments, node, &pass)
            if outcome == .done { connection.loop.counters.commands.add(1) }
            return outcome
        }
    }

    private func executeUnknown(_ arguments: Arguments) {
        if CrossProtocolGuard.isForeign(arrayName: arguments[0]) { return connection.endForOtherProtocol() }
        if answerTransactionCommand(arguments) { return }
        if !beginStream(arguments) { writeUnknownCommand(arguments) }
    }

    /// After a pass over `input`, whose commands are still in it.
    /// - Parameter last: where the last one begins.
    @inline(__always)
    func noteSlowPass(_ count: Int, last: Int) {
        let nanoseconds = Clock.monotonicNanoseconds() - connection.passStart
        guard nanoseconds >= SlowLog.threshold else { return }
        connection.loop.metrics.slow.note(nanoseconds, count, of: connection) { [connection] in
            connection.input.withUnsafeReadableBytes { bytes in
                // With a parser and a list of its own: `arguments` may hold the beginning of the next command.
                var parser = RESPRequestParser()
                var words = ArgumentList()
                // No more of it than the log keeps: it may be a million words.
                parser.parseBeginning(bytes, from: last, max: SlowLog.wordsMax + 1, into: &words)
                return SlowLog.words(of: words.view(in: bytes))
            }
        }
    }
}
