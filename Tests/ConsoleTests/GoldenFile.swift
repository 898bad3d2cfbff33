import Glibc
import Terminal
import Testing

/// A file with what a frame should be.
enum GoldenFile {
    /// A letter for each cell's style, line by line, and below what the letters stand for.
    static func styles(of grid: CellGrid) -> String {
        var letters: [Style: Character] = [:]
        var known: [(Character, Style)] = []
        var text = ""
        for y in 0..<grid.height {
            for x in 0..<grid.width {
                let style = grid[x, y].style
                if letters[style] == nil {
                    let letter = alphabet[known.count % alphabet.count]
                    letters[style] = letter
                    known.append((letter, style))
                }
                text.append(letters[style] ?? "?")
            }
            text += "\n"
        }
        for (letter, style) in known { text += "\(letter) = \(name(style))\n" }
        return text
    }

    private static let alphabet = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")

    private static func name(_ style: Style) -> String {
        let attributes: [(Style.Attributes, String)] = [
            (.bold, "bold"), (.dim, "dim"), (.reverse, "reverse"), (.underline, "underline"),
        ]
        let set = attributes.filter { style.attributes.contains($0.0) }.map { " " + $0.1 }.joined()
        return "\(name(style.foreground)) on \(name(style.background))\(set)"
    }

    private static func name(_ color: Color) -> String {
        guard let (red, green, blue) = color.components else { return "default" }
        let digits = [red, green, blue].map { part in (part < 16 ? "0" : "") + String(part, radix: 16) }
        return "#" + digits.joined()
    }

    static func compare(_ text: String, _ name: String) throws {
        let path = "\(#filePath.dropLast("GoldenFile.swift".count))Golden/\(name).txt"
        if getenv("SHOAL_UPDATE_GOLDEN") != nil {
            try #require(write(text, to: path))
        }
        #expect(read(path) == text, "\(name) differs; SHOAL_UPDATE_GOLDEN=1 writes it anew")
    }

    private static func read(_ path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 256 * 1_024)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    private static func write(_ text: String, to path: String) -> Bool {
        guard let file = fopen(path, "w") else { return false }
        defer { fclose(file) }
        return fputs(text, file) >= 0
    }
}
