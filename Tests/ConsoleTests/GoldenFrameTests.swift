import Console
import Glibc
import Terminal
import Testing

/// Whole frames, compared character by character with the files in Golden. `SHOAL_UPDATE_GOLDEN=1 swift test` writes
/// them anew; read the difference before committing it.
@Suite struct GoldenFrameTests {
    @Test(arguments: [(40, 10), (80, 24), (120, 40), (200, 60)])
    func dashboard(width: Int, height: Int) throws {
        let state = ConsoleFixture.state(width: width, height: height)
        try compare(try ConsoleFixture.frame(state), "dashboard-\(width)x\(height)")
    }

    @Test func help() throws {
        var state = ConsoleFixture.state()
        _ = state.press(.character("?"))
        try compare(try ConsoleFixture.frame(state), "help-80x24")
    }

    @Test func nodeDetail() throws {
        var state = ConsoleFixture.state()
        _ = state.press(.down, .down, .enter)
        try compare(try ConsoleFixture.frame(state), "node-80x24")
    }

    @Test func stopDialog() throws {
        var state = ConsoleFixture.state()
        _ = state.press(.down, .character("x"))
        try compare(try ConsoleFixture.frame(state), "stop-80x24")
    }

    @Test func commandLine() throws {
        var state = ConsoleFixture.state()
        _ = state.type(":st")
        try compare(try ConsoleFixture.frame(state), "command-80x24")
    }

    @Test func asciiOnly() throws {
        let state = ConsoleFixture.state()
        let grid = ConsoleRenderer.render(
            state,
            width: 80,
            height: 24,
            theme: try ConsoleFixture.theme("mono"),
            glyphs: .ascii
        )
        #expect(grid.plainText.utf8.allSatisfy { $0 < 0x80 })
        try compare(grid, "ascii-80x24")
    }

    private func compare(_ grid: CellGrid, _ name: String) throws {
        let path = "\(#filePath.dropLast("GoldenFrameTests.swift".count))Golden/\(name).txt"
        let text = grid.plainText + "\n"
        if getenv("SHOAL_UPDATE_GOLDEN") != nil {
            try #require(write(text, to: path))
        }
        #expect(read(path) == text, "\(name) differs; SHOAL_UPDATE_GOLDEN=1 writes it anew")
    }

    private func read(_ path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 256 * 1_024)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    private func write(_ text: String, to path: String) -> Bool {
        guard let file = fopen(path, "w") else { return false }
        defer { fclose(file) }
        return fputs(text, file) >= 0
    }
}
