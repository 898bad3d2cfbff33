/// The head of an HTTP/1.1 response as our own nodes send it. Borrows the bytes it was read from.
package struct HTTPResponseHead {
    /// The fields, each line with its CR LF.
    private let fields: UnsafeRawBufferPointer
    package let status: Int
    /// Bytes of the head, with the empty line at its end: the body begins there.
    package let length: Int

    private static let version = Array("HTTP/1.".utf8)
    private static let foreign = ClientError(.badReply, "the answer is not HTTP/1.1: is this a Shoal node?")

    /// Reads the head at the beginning of `bytes`.
    /// - Returns: nil until it is whole.
    /// - Throws: at once when it can't become one: what speaks something else may never send what would be its end.
    package static func read(_ bytes: UnsafeRawBufferPointer) throws(ClientError) -> HTTPResponseHead? {
        guard bytes.prefix(version.count).elementsEqual(version.prefix(bytes.count)) else { throw foreign }
        guard let length = end(in: bytes) else {
            guard bytes.count <= ClientLimits.httpHeadBytes else {
                throw ClientError(.badReply, "the HTTP head is over \(ClientLimits.httpHeadBytes) bytes")
            }
            return nil
        }
        // `HTTP/1.1 200 …`
        guard let line = lineEnd(bytes, from: 0, to: length), line >= 12, bytes[8] == 32,
            line == 12 || bytes[12] == 32, let status = number(bytes[9..<12])
        else { throw foreign }
        return HTTPResponseHead(
            fields: UnsafeRawBufferPointer(rebasing: bytes[line + 2..<length - 2]),
            status: status,
            length: length
        )
    }

    private init(fields: UnsafeRawBufferPointer, status: Int, length: Int) {
        self.fields = fields
        self.status = status
        self.length = length
    }

    /// Whether a body may follow.
    package var allowsBody: Bool { status != 204 && status != 304 }

    /// The value of a field, without the blanks around it; of one sent twice the first.
    /// - Parameter name: in small letters.
    package func value(of name: StaticString) -> String? {
        let count = name.utf8CodeUnitCount
        var line = 0
        while let end = Self.lineEnd(fields, from: line, to: fields.count) {
            if end - line > count, fields[line + count] == UInt8(ascii: ":") {
                var same = 0
                // Bit 5 makes capitals small.
                while same < count, fields[line + same] | 0x20 == name.utf8Start[same] { same += 1 }
                if same == count { return text(line + count + 1, end) }
            }
            line = end + 2
        }
        return nil
    }

    /// All fields, names in small letters; of one sent twice the last.
    package func allFields() throws(ClientError) -> [String: String] {
        var all: [String: String] = [:]
        var line = 0
        while let end = Self.lineEnd(fields, from: line, to: fields.count) {
            guard let colon = fields[line..<end].firstIndex(of: UInt8(ascii: ":")) else {
                throw ClientError(.badReply, "a line of the HTTP head has no colon")
            }
            all[String(decoding: fields[line..<colon], as: UTF8.self).lowercased()] = text(colon + 1, end)
            line = end + 2
        }
        return all
    }

    /// Bytes of the body as `Content-Length` says; nil without that field. No node sends chunks.
    package func bodyLength() throws(ClientError) -> Int? {
        guard value(of: "transfer-encoding") == nil else {
            throw ClientError(.badReply, "the answer is sent in chunks, which no Shoal node does")
        }
        guard let text = value(of: "content-length") else { return nil }
        guard let length = Int(text), (0...ClientLimits.httpBodyBytes).contains(length) else {
            throw ClientError(
                .badReply,
                "the Content-Length `\(text)` is no number up to \(ClientLimits.httpBodyBytes)"
            )
        }
        return length
    }

    private func text(_ start: Int, _ end: Int) -> String {
        func isBlank(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 }
        let value = fields[start..<end].drop(while: isBlank)
        let trimmed = value.lastIndex { !isBlank($0) }.map { value[...$0] } ?? value.prefix(0)
        return String(decoding: trimmed, as: UTF8.self)
    }

    private static func number(_ digits: Slice<UnsafeRawBufferPointer>) -> Int? {
        digits.reduce(0) { number, digit in
            number.flatMap { (48...57).contains(digit) ? $0 * 10 + Int(digit) - 48 : nil }
        }
    }

    /// Where the line that begins at `start` has its CR LF.
    private static func lineEnd(_ bytes: UnsafeRawBufferPointer, from start: Int, to end: Int) -> Int? {
        var at = start
        while at + 1 < end {
            if bytes[at] == 13, bytes[at + 1] == 10 { return at }
            at += 1
        }
        return nil
    }

    /// The index after the empty line, or nil.
    private static func end(in bytes: UnsafeRawBufferPointer) -> Int? {
        var index = 3
        while index < bytes.count {
            if bytes[index] == 10, bytes[index - 1] == 13, bytes[index - 2] == 10, bytes[index - 3] == 13 {
                return index + 1
            }
            index += 1
        }
        return nil
    }
}
