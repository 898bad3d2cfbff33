import TestSupport

extension RawConnection {
    struct Response: Hashable {
        var status: Int
        var body: String
    }

    /// One whole HTTP response with a Content-Length.
    func receiveResponse() throws -> Response {
        let words = String(decoding: try receiveLine(), as: UTF8.self).split(separator: " ")
        guard words.count > 1, let status = Int(words[1]) else { throw Failure("no HTTP: \(words)") }
        var length = 0
        while true {
            let line = String(decoding: try receiveLine(), as: UTF8.self).lowercased()
            if line == "\r\n" { break }
            if line.hasPrefix("content-length:") {
                length = Int(line.dropFirst(15).filter { $0 != " " && !$0.isNewline }) ?? 0
            }
        }
        return Response(status: status, body: try receiveText(length))
    }
}
