import Glibc
import NIOCore

/// Cuts HTTP/1.x requests out of a connection's unread bytes; one per connection, on its event loop.
///
/// Between calls the buffer may only grow at its end. Bytes already looked at are not looked at again, and a head or
/// chunk that is understood is consumed at once, so a body that arrives in pieces costs each piece once.
package struct HTTPRequestParser: Sendable {
    private enum State {
        case head
        case body(HTTPRequest, length: Int)
        case chunks(HTTPRequest, HTTPChunkDecoder)
        case failed(HTTPError)
    }

    private var state = State.head
    private var scan = HeadScan()
    /// The client waits for `100 Continue` before it sends the body; true once per request, the handler clears it.
    package var wantsContinue = false

    package init() {}

    /// The next request, or nil if more bytes are needed; consumes exactly that request's bytes.
    ///
    /// - Throws: why the bytes are no request. The parser is then of no more use: answer the error and close.
    package mutating func next(_ buffer: inout ByteBuffer) throws(HTTPError) -> HTTPRequest? {
        do {
            return try parse(&buffer)
        } catch {
            state = .failed(error)
            wantsContinue = false
            throw error
        }
    }

    private mutating func parse(_ buffer: inout ByteBuffer) throws(HTTPError) -> HTTPRequest? {
        switch state {
        case .head:
            guard let parsed = try parseHead(&buffer) else { return nil }
            switch parsed.framing {
            case .none:
                return parsed.request
            case .length(let length):
                if let body = buffer.readSlice(length: length) {
                    var request = parsed.request
                    request.body = body
                    return request
                }
                wantsContinue = parsed.expectsContinue && buffer.readableBytes == 0
                state = .body(parsed.request, length: length)
                return nil
            case .chunked:
                wantsContinue = parsed.expectsContinue && buffer.readableBytes == 0
                return try parseChunks(parsed.request, HTTPChunkDecoder(), &buffer)
            }
        case .body(var request, let length):
            guard let body = buffer.readSlice(length: length) else { return nil }
            state = .head
            wantsContinue = false
            request.body = body
            return request
        case .chunks(let request, let decoder):
            // The state must not hold a second reference to what is being appended to, or each piece copies it all.
            state = .head
            return try parseChunks(request, decoder, &buffer)
        case .failed(let error):
            throw error
        }
    }

    private mutating func parseChunks(
        _ request: HTTPRequest,
        _ decoder: consuming HTTPChunkDecoder,
        _ buffer: inout ByteBuffer
    ) throws(HTTPError) -> HTTPRequest? {
        guard let body = try decoder.next(&buffer) else {
            state = .chunks(request, decoder)
            return nil
        }
        state = .head
        wantsContinue = false
        var request = request
        request.body = body
        return request
    }

    private mutating func parseHead(_ buffer: inout ByteBuffer) throws(HTTPError) -> HTTPHeadParser? {
        try skipEmptyLines(&buffer)
        let before = scan
        let (after, length) = try buffer.withUnsafeReadableBytes { (bytes) throws(HTTPError) -> (HeadScan, Int?) in
            var scan = before
            let length = try scan.end(in: bytes)
            return (scan, length)
        }
        scan = after
        guard let length, let head = buffer.readSlice(length: length) else { return nil }
        scan = HeadScan()
        return try HTTPHeadParser(head)
    }

    private mutating func skipEmptyLines(_ buffer: inout ByteBuffer) throws(HTTPError) {
        guard scan.lineStart == 0 else { return }
        while let first: UInt8 = buffer.getInteger(at: buffer.readerIndex), first <= ASCII.carriageReturn {
            guard first == ASCII.newline || first == ASCII.carriageReturn else { return }
            if first == ASCII.carriageReturn {
                guard let second: UInt8 = buffer.getInteger(at: buffer.readerIndex + 1) else { return }
                guard second == ASCII.newline else { throw .malformed("a CR without LF stands before the request") }
                buffer.moveReaderIndex(forwardBy: 1)
            }
            buffer.moveReaderIndex(forwardBy: 1)
            scan = HeadScan(emptyLines: scan.emptyLines + 1)
            guard scan.emptyLines <= HTTPLimits.leadingEmptyLinesMax else {
                throw .malformed("more than \(HTTPLimits.leadingEmptyLinesMax) empty lines before the request")
            }
        }
    }
}

/// Finds the empty line that ends a head, and enforces the head's bounds while it isn't there yet.
private struct HeadScan: Sendable {
    var emptyLines = 0
    /// Offset of the first line whose end hasn't been seen, and of the first byte of it not looked at.
    var lineStart = 0
    var scanned = 0
    private var headersStart = 0
    private var headers = 0

    init(emptyLines: Int = 0) { self.emptyLines = emptyLines }

    /// The head's length with its empty line, or nil if that hasn't arrived.
    mutating func end(in bytes: UnsafeRawBufferPointer) throws(HTTPError) -> Int? {
        guard let base = bytes.baseAddress else { return nil }
        while scanned < bytes.count, let hit = memchr(base + scanned, Int32(ASCII.newline), bytes.count - scanned) {
            let newline = UnsafeRawPointer(hit) - base
            let length = newline - lineStart
            let isEmpty = length == 0 || (length == 1 && bytes[lineStart] == ASCII.carriageReturn)
            if lineStart == 0 {
                guard length <= HTTPLimits.requestLineMax + 1 else { throw .requestLineTooLong }
                headersStart = newline + 1
            } else if isEmpty {
                return newline + 1
            } else {
                headers += 1
                try checkHeaders(upTo: newline)
            }
            lineStart = newline + 1
            scanned = lineStart
        }
        scanned = bytes.count
        if lineStart == 0 {
            guard bytes.count <= HTTPLimits.requestLineMax + 1 else { throw .requestLineTooLong }
        } else {
            try checkHeaders(upTo: bytes.count)
        }
        return nil
    }

    private func checkHeaders(upTo end: Int) throws(HTTPError) {
        guard headers <= HTTPLimits.headersMax, end - headersStart <= HTTPLimits.headerBytesMax else {
            throw .headersTooLarge
        }
    }
}
