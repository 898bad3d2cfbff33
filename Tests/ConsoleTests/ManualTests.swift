import Console
import Glibc
import Testing

/// docs/console.md says what the command table says. `SHOAL_UPDATE_GOLDEN=1 swift test` writes it anew.
@Suite struct ManualTests {
    private static let begin = "<!-- from the command table: begin -->\n"
    private static let end = "<!-- from the command table: end -->\n"

    @Test func theManualIsTheCommandTable() throws {
        let path = "\(#filePath.dropLast("Tests/ConsoleTests/ManualTests.swift".count))docs/console.md"
        let text = try #require(Self.read(path))
        let from = try #require(Self.place(of: Self.begin, in: text))
        let to = try #require(Self.place(of: Self.end, in: text))
        let table = CommandTable(isReadOnly: false, canCopy: true)
        let wanted = text[..<from.upperBound] + "\n" + ManualText.markdown(table) + text[to.lowerBound...]
        if getenv("SHOAL_UPDATE_GOLDEN") != nil {
            let file = try #require(fopen(path, "w"))
            defer { fclose(file) }
            try #require(fputs(String(wanted), file) >= 0)
        }
        #expect(Self.read(path) == String(wanted), "docs/console.md differs; SHOAL_UPDATE_GOLDEN=1 writes it anew")
    }

    private static func place(of part: String, in text: String) -> Range<String.Index>? {
        var start = text.startIndex
        while start < text.endIndex {
            if text[start...].hasPrefix(part) { return start..<text.index(start, offsetBy: part.count) }
            guard let line = text[start...].firstIndex(of: "\n") else { return nil }
            start = text.index(after: line)
        }
        return nil
    }

    private static func read(_ path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 256 * 1_024)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}
