import Logging
import Model
import NIOCore
import Replication
import Resharding

/// The source's end of a target's connection, behind the hello: frames in, frames out. What they mean is decided
/// elsewhere (`ShardResharding`), which also ends it.
package final class MigrationStreamEnd: MigrationStream, LinkEnd, @unchecked Sendable {
    // Sendable: everything mutable is confined to `eventLoop`; `send` and `close` hop to it.
    /// Its owner outlives it, or has ended it.
    private weak var resharding: (any ShardResharding)?
    private let hello: MigrationHello
    private let eventLoop: any EventLoop
    private let logger: Logger
    private var parser = MigrationFrameParser(sender: .target)
    private var link: (any ByteLink)?
    private var number: UInt64?

    /// - Parameter eventLoop: the connection's.
    package init(
        resharding: any ShardResharding,
        hello: MigrationHello,
        eventLoop: any EventLoop,
        logger: Logger
    ) {
        self.resharding = resharding
        self.hello = hello
        self.eventLoop = eventLoop
        self.logger = logger
    }

    package func send(_ frame: MigrationFrame) {
        let buffer = MigrationConnection.encode(frame)
        eventLoop.execute { self.link?.send(buffer) }
    }

    package func close(because reason: String) { eventLoop.execute { self.close() } }

    // MARK: On the connection's event loop

    /// The `+OK` is on its way.
    package func opened(_ link: any ByteLink) {
        self.link = link
        number = resharding?.attach(self, hello)
        if number == nil { close() }
    }

    package func received(_ buffer: ByteBuffer) {
        guard let number else { return }
        buffer.withUnsafeReadableBytes { parser.append($0) }
        do throws(ReshardError) {
            while let frame = try parser.next() { resharding?.receive(.frame(frame), link: number) }
        } catch {
            logger.warning("a target sent junk", metadata: ["shard": "\(hello.shard)", "reason": "\(error)"])
            close()
        }
    }

    package func writabilityChanged(_ isWritable: Bool) {
        if let number { resharding?.receive(.writabilityChanged(isWritable), link: number) }
    }

    package func ended(_ reason: String) {
        link = nil
        if let number { resharding?.receive(.closed, link: number) }
        number = nil
    }

    /// The node stops, or is no longer the leader.
    func close() {
        link?.close()
        link = nil
    }
}
