import NIOCore
import Server

/// Runs a parser over bytes that arrive cut in pieces.
struct HTTPFeed {
    var parser = HTTPRequestParser()
    var buffer = ByteBuffer()
    var requests: [HTTPRequest] = []
    var error: HTTPError?
    /// How often the parser asked for `100 Continue`.
    var continues = 0

    mutating func receive(_ bytes: some Sequence<UInt8>) {
        buffer.writeBytes(bytes)
        do throws(HTTPError) {
            while let request = try parser.next(&buffer) { requests.append(request) }
            if parser.wantsContinue {
                continues += 1
                parser.wantsContinue = false
            }
        } catch {
            self.error = error
        }
    }

    static func all(_ text: String) -> HTTPFeed {
        var feed = HTTPFeed()
        feed.receive(text.utf8)
        return feed
    }
}

/// What a request says, for comparisons.
struct HTTPSummary: Equatable {
    var method: HTTPRequest.Method
    var path: String
    var query: String
    var host: String
    var keepAlive: Bool
    var body: String?

    init(_ request: HTTPRequest) {
        method = request.method
        path = request.text(request.path)
        query = request.text(request.query)
        host = request.text(request.host)
        keepAlive = request.keepAlive
        body = request.body.map { String(buffer: $0) }
    }
}
