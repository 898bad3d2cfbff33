import Glibc
import Logging
import Model
import NIOCore

/// On a listening channel: what the system can't accept for want of descriptors or memory is left in its queue for a moment.
/// The socket would go on saying that somebody waits, and a core would do nothing but ask.
final class AcceptPause: ChannelInboundHandler, @unchecked Sendable {
    // Sendable: confined to the channel's event loop.
    typealias InboundIn = any Channel

    private static let pause = TimeAmount.milliseconds(100)
    private static let shortages: Set<Int32> = [EMFILE, ENFILE, ENOBUFS, ENOMEM]

    private let pace = LogPace(intervalSeconds: 60)
    private let logger: Logger
    private var timer: Scheduled<Void>?

    init(logger: Logger) { self.logger = logger }

    func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? IOError, AcceptPause.shortages.contains(error.errnoCode) else {
            return context.fireErrorCaught(error)
        }
        guard timer == nil else { return }
        if pace.isDue(now: Clock.monotonicNanoseconds()) {
            logger.error(
                "can't accept connections: raise the limit of open files (logged once a minute)",
                metadata: ["reason": "\(String(cString: strerror(error.errnoCode)))"]
            )
        }
        let channel = context.channel
        // An error means that the channel is closed.
        channel.setOption(.autoRead, value: false).whenFailure { _ in }
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: AcceptPause.pause) { [self] in
            timer = nil
            channel.setOption(.autoRead, value: true).whenFailure { _ in }
        }
    }
}
