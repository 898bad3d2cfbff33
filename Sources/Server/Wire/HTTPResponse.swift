import NIOCore

/// Appends whole responses to a connection's outgoing buffer; every one has a length, none is chunked.
///
/// `headOnly` leaves the body out and keeps its length, for HEAD.
package enum HTTPResponse {
    /// 200 and `OK`.
    package static func writeOK(_ connection: HTTPConnection, into buffer: inout ByteBuffer) {
        switch connection {
        case .keepAlive:
            buffer.writeStaticString(
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nOK"
            )
        case .keepAliveAnnounced, .close:
            buffer.writeStaticString("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n")
            writeEnd(connection, into: &buffer)
            buffer.writeStaticString("OK")
        }
    }

    /// 200 and a value's bytes, which are copied before this returns: call it inside the engine's closure.
    ///
    /// - Parameters:
    ///   - etag: the value's version, nil to leave the header out.
    ///   - replicaLagMilliseconds: set when a replica answers: adds `Shoal-Role` and `Shoal-Lag-Milliseconds`.
    package static func writeValue(
        _ value: UnsafeRawBufferPointer,
        etag: UInt64? = nil,
        replicaLagMilliseconds: Int? = nil,
        _ connection: HTTPConnection,
        headOnly: Bool = false,
        into buffer: inout ByteBuffer
    ) {
        buffer.reserveCapacity(minimumWritableBytes: 192 + (headOnly ? 0 : value.count))
        buffer.writeStaticString("HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: ")
        writeDecimal(UInt64(value.count), into: &buffer)
        buffer.writeStaticString("\r\n")
        writeETag(etag, into: &buffer)
        writeReplica(replicaLagMilliseconds, into: &buffer)
        writeEnd(connection, into: &buffer)
        if !headOnly { buffer.writeBytes(value) }
    }

    /// 204; with the new version as `ETag` after a PUT.
    package static func writeNoContent(
        etag: UInt64? = nil,
        _ connection: HTTPConnection,
        into buffer: inout ByteBuffer
    ) {
        // No Content-Length: RFC 9110 forbids it with 204, the status alone says there is no body.
        buffer.writeStaticString("HTTP/1.1 204 No Content\r\n")
        writeETag(etag, into: &buffer)
        writeEnd(connection, into: &buffer)
    }

    /// 404 and an empty body: there is no such key.
    package static func writeNotFoundEmpty(
        replicaLagMilliseconds: Int? = nil,
        _ connection: HTTPConnection,
        into buffer: inout ByteBuffer
    ) {
        buffer.writeStaticString("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n")
        writeReplica(replicaLagMilliseconds, into: &buffer)
        writeEnd(connection, into: &buffer)
    }

    /// 307 to the same target (path and query as the client sent them) on the node at `address` (`host:port`).
    package static func writeRedirect(
        to address: String,
        _ request: HTTPRequest,
        into buffer: inout ByteBuffer
    ) {
        buffer.writeStaticString("HTTP/1.1 307 Temporary Redirect\r\nLocation: http://")
        buffer.writeString(address)
        request.withBytes(request.path) { _ = buffer.writeBytes($0) }
        if !request.query.isAbsent {
            buffer.writeStaticString("?")
            request.withBytes(request.query) { _ = buffer.writeBytes($0) }
        }
        buffer.writeStaticString("\r\nContent-Length: 0\r\n")
        writeEnd(request.connection, into: &buffer)
    }

    /// A JSON document.
    package static func writeJSON(
        _ status: Int,
        _ body: some Collection<UInt8>,
        _ connection: HTTPConnection,
        headOnly: Bool = false,
        into buffer: inout ByteBuffer
    ) {
        writeStatus(status, "application/json", length: body.count, into: &buffer)
        writeEnd(connection, into: &buffer)
        if !headOnly { buffer.writeBytes(body) }
    }

    /// A text in Prometheus' format when `isMetrics`, else plain.
    package static func writeText(
        _ status: Int,
        _ text: String,
        _ connection: HTTPConnection,
        isMetrics: Bool = false,
        headOnly: Bool = false,
        into buffer: inout ByteBuffer
    ) {
        let type: StaticString = isMetrics ? "text/plain; version=0.0.4; charset=utf-8" : "text/plain; charset=utf-8"
        writeStatus(status, type, length: text.utf8.count, into: &buffer)
        writeEnd(connection, into: &buffer)
        if !headOnly { buffer.writeString(text) }
    }

    /// An error with its JSON body.
    package static func writeError(
        _ error: HTTPError,
        _ connection: HTTPConnection,
        headOnly: Bool = false,
        into buffer: inout ByteBuffer
    ) {
        let body = error.body
        writeStatus(error.status, "application/json", length: body.readableBytes, into: &buffer)
        if let allow = error.allow { buffer.writeString("Allow: \(allow)\r\n") }
        if let seconds = error.retryAfterSeconds { buffer.writeString("Retry-After: \(seconds)\r\n") }
        writeEnd(connection, into: &buffer)
        if !headOnly { buffer.writeImmutableBuffer(body) }
    }

    /// The interim response a client with `Expect: 100-continue` waits for.
    package static func writeContinue(into buffer: inout ByteBuffer) {
        buffer.writeStaticString("HTTP/1.1 100 Continue\r\n\r\n")
    }
}
