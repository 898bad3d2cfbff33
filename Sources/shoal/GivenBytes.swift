/// Arguments as the bytes the shell gave, which need not be UTF-8.
enum GivenBytes {
    /// The bytes behind an argument that the parser has read as text.
    ///
    /// Swift repairs invalid UTF-8 with U+FFFD, so only text with that in it is looked up again. `fromEnd` tells two
    /// arguments apart that look the same once repaired (a value stands behind its key).
    static func of(_ text: String, fromEnd: Bool = false) -> [UInt8] {
        guard text.unicodeScalars.contains("\u{FFFD}") else { return Array(text.utf8) }
        let raw = (1..<max(1, Int(CommandLine.argc))).compactMap { index -> [UInt8]? in
            guard let start = CommandLine.unsafeArgv[index] else { return nil }
            var bytes: [UInt8] = []
            var at = start
            while at.pointee != 0 {
                bytes.append(UInt8(bitPattern: at.pointee))
                at += 1
            }
            return bytes
        }
        let isSame = { (bytes: [UInt8]) in String(decoding: bytes, as: UTF8.self) == text }
        return (fromEnd ? raw.last(where: isSame) : raw.first(where: isSame)) ?? Array(text.utf8)
    }
}
