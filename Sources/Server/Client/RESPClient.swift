import Model
import NIOCore
import NIOPosix

/// One connection to one node, speaking RESP2. Commands may be sent without waiting for earlier replies; they are
/// answered in order. Safe to use from any thread or task.
package final class RESPClient: Sendable {
    package let address: NodeAddress
    private let channel: any Channel

    private init(address: NodeAddress, channel: any Channel) {
        self.address = address
        self.channel = channel
    }

    /// Opens the connection; throws `unreachable` with the system's reason.
    package static func connect(
        to address: NodeAddress,
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        timeout: TimeAmount = ClientLimits.connectTimeout
    ) async throws(ClientError) -> RESPClient {
        do {
            let channel = try await ClientBootstrap(group: group)
                .connectTimeout(timeout)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(RESPClientHandler(address: address))
                    }
                }
                .connect(to: address)
                .get()
            return RESPClient(address: address, channel: channel)
        } catch {
            throw ConnectFailure.clientError(error, address: address)
        }
    }

    /// Sends one command and waits for its reply; an error reply is returned as `.error`, not thrown.
    ///
    /// Throws `timeout`, `closed`, `badReply` when the outcome is unknown; the connection is closed then, since a late
    /// reply would be taken for the next command's.
    package func command(
        _ arguments: [[UInt8]],
        timeout: TimeAmount = ClientLimits.commandTimeout
    ) async throws(ClientError) -> RESPReply {
        let promise = channel.eventLoop.makePromise(of: RESPReply.self)
        var bytes = channel.allocator.buffer(capacity: 64 + arguments.reduce(0) { $0 + $1.count + 16 })
        bytes.writeRESPCommand(arguments)
        let request = RESPClientHandler.Request(bytes: bytes, promise: promise, timeout: timeout)
        let written = channel.eventLoop.makePromise(of: Void.self)
        // A write on a closed channel never reaches the handler: its failure must fail the command.
        written.futureResult.whenFailure { _ in
            promise.fail(RESPClientHandler.closed(self.address))
        }
        channel.writeAndFlush(request, promise: written)
        do {
            return try await promise.futureResult.get()
        } catch {
            throw (error as? ClientError) ?? RESPClientHandler.closed(address)
        }
    }

    /// The same for text, as in `command("CLUSTER", "SLOTS")`.
    package func command(_ arguments: String...) async throws(ClientError) -> RESPReply {
        try await command(arguments.map { Array($0.utf8) })
    }

    package var isOpen: Bool { channel.isActive }

    /// Closes the connection; commands in flight fail with `closed`. Idempotent.
    package func close() async {
        try? await channel.close().get()
    }
}

extension ByteBuffer {
    /// Appends a command as RESP's array of bulk strings.
    package mutating func writeRESPCommand(_ arguments: [[UInt8]]) {
        writeString("*\(arguments.count)\r\n")
        for argument in arguments {
            writeString("$\(argument.count)\r\n")
            writeBytes(argument)
            writeString("\r\n")
        }
    }
}
