import Model

/// curl itself, with many URLs over connections that it keeps: what a user's script does, and fast enough for all input.
enum Curl {
    /// Fetches every URL in order, following redirects, and compares all that curl prints with what it should.
    /// - Returns: nil when every answer is 200 with exactly the expected body; else where the first one differs.
    static func firstMismatch(_ requests: [(url: String, body: [UInt8])]) async throws -> String? {
        guard !requests.isEmpty else { return nil }
        let folder = try TestFolder()
        let lines = requests.map { "url = \"\($0.url)\"\n" }.joined()
        let config = try folder.write(lines, to: "urls")
        let command = ["curl", "-sS", "-g", "-L", "-w", "\\n%{http_code}\\n", "-K", config]
        let ran = try await ChildProcess.run(command, within: .seconds(600))
        guard ran.exit == .code(0) else { return "curl ended with \(ran.exit): \(ran.errors)" }
        var at = 0
        for request in requests {
            let wanted = request.body + Array("\n200\n".utf8)
            let got = ran.output[at..<min(at + wanted.count, ran.output.count)]
            guard got.elementsEqual(wanted) else {
                return "\(request.url): \(String(decoding: got.prefix(200), as: UTF8.self))"
            }
            at += wanted.count
        }
        return at == ran.output.count ? nil : "curl printed more than the answers"
    }

    static func url(_ node: NodeAddress, _ path: String) -> String { "http://\(node)\(path)" }
}
