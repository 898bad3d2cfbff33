import Model
import NIOCore
import Replication
import Resharding

/// The target's end of a move: connects to the source's leader, says the hello, and turns bytes into events.
///
/// Frames are read on the connection's own event loop. Events are delivered there, in order; `closed` comes once, last.
package final class MigrationConnection: LinkEnd, @unchecked Sendable {
    // Sendable: everything mutable is confined to `eventLoop`; `send` and `close` hop to it.
    private let hello: MigrationHello
    private let eventLoop: any EventLoop
    private let deliver: @Sendable (MigrationTargetMachine.Event) -> Void
    private var parser = MigrationFrameParser(sender: .source)
    private var answer = HelloAnswer()
    private var link: (any ByteLink)?
    private var isClosed = false

    /// Begins to connect.
    /// - Parameter deliver: called on the connection's event loop, of `connector`.
    package init(
        to address: NodeAddress,
        _ hello: MigrationHello,
        connector: any LinkConnector,
        deliver: @escaping @Sendable (MigrationTargetMachine.Event) -> Void
    ) {
        self.hello = hello
        self.deliver = deliver
        let loop = connector.nextLoop()
        eventLoop = loop
        loop.execute {
            if self.isClosed { return }
            connector.connect(to: address, on: loop, self)
        }
    }

    package func send(_ frame: MigrationFrame) {
        let buffer = MigrationConnection.encode(frame)
        eventLoop.execute { self.link?.send(buffer) }
    }

    /// No event comes after this, as soon as the event loop knows.
    package func close() {
        eventLoop.execute {
            self.isClosed = true
            self.link?.close()
            self.link = nil
        }
    }

    static func encode(_ frame: MigrationFrame) -> ByteBuffer {
        if case .chunk(let chunk) = frame {
            var buffer = ByteBuffer()
            buffer.reserveCapacity(chunk.bytes.count + MigrationFrame.headerBytes)
            buffer.writeBytes(MigrationFrame.chunkHeader(length: chunk.bytes.count))
            buffer.writeBytes(chunk.bytes)
            return buffer
        }
        var bytes: [UInt8] = []
        frame.encode(into: &bytes)
        return ByteBuffer(bytes: bytes)
    }

    // MARK: On the connection's event loop

    package func opened(_ link: any ByteLink) {
        if isClosed { return link.close() }
        self.link = link
        let words = [Array(MigrationHello.command.utf8)] + hello.arguments
        var buffer = ByteBuffer()
        buffer.writeRESPArray(count: words.count)
        for word in words { word.withUnsafeBytes { buffer.writeRESPBulk($0) } }
        link.send(buffer)
    }

    package func received(_ buffer: ByteBuffer) {
        var bytes = buffer
        if !answer.isAccepted, !readAnswer(&bytes) { return }
        bytes.withUnsafeReadableBytes { parser.append($0) }
        do throws(ReshardError) {
            while let frame = try parser.next() {
                guard !isClosed else { return }
                deliver(.frame(frame))
            }
        } catch {
            end("the source sent junk: \(error)")
        }
    }

    package func writabilityChanged(_ isWritable: Bool) {
        // What a target sends is small, and bounded by what it has received.
    }

    package func ended(_ reason: String) { end(reason) }

    /// - Returns: whether the answer was read whole and was `+OK`; the rest of `bytes` are frames.
    private func readAnswer(_ bytes: inout ByteBuffer) -> Bool {
        switch answer.read(&bytes) {
        case .incomplete, .accepted: break
        case .refused(let reason): end("the source refused: \(reason)")
        case .foreign: end("the source's answer makes no sense: is another program at its address?")
        }
        return answer.isAccepted
    }

    private func end(_ reason: String) {
        guard !isClosed else { return }
        isClosed = true
        deliver(.closed(reason: reason))
        link?.close()
        link = nil
    }
}
