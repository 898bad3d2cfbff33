import AsyncHTTPClient
import FoundationEssentials
import NIOCore

/// The lines of an endless answer, one JSON document each.
struct EtcdLines {
    private var body: HTTPClientResponse.Body.AsyncIterator
    private var buffer = ByteBuffer()
    /// How much of the buffer has no line's end.
    private var searched = 0

    init(_ body: HTTPClientResponse.Body) { self.body = body.makeAsyncIterator() }

    /// The next line; nil at the end.
    mutating func next<Result: Decodable & Sendable>(_ type: Result.Type) async throws(EtcdFailure) -> Result? {
        while true {
            if let line = takeLine() {
                do {
                    let message = try JSONDecoder().decode(Etcd.Line<Result>.self, from: Data(line.readableBytesView))
                    if let result = message.result { return result }
                    throw EtcdFailure.refused(
                        code: message.error?.grpc_code ?? 2,
                        message: message.error?.message ?? "a line without a result"
                    )
                } catch {
                    throw EtcdFailure(error)
                }
            }
            guard buffer.readableBytes < CoordinationLimits.answerBytesMax else {
                throw .noAnswer("a line of more than \(CoordinationLimits.answerBytesMax) bytes")
            }
            do {
                guard var chunk = try await body.next() else { return nil }
                buffer.discardReadBytes()
                buffer.writeBuffer(&chunk)
            } catch {
                throw EtcdFailure(error)
            }
        }
    }

    private mutating func takeLine() -> ByteBuffer? {
        let view = buffer.readableBytesView
        guard let end = view.dropFirst(searched).firstIndex(of: UInt8(ascii: "\n")) else {
            searched = view.count
            return nil
        }
        searched = 0
        let line = buffer.readSlice(length: end - view.startIndex)
        buffer.moveReaderIndex(forwardBy: 1)
        return line
    }
}
