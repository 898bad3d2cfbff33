import Console
import Terminal
import Testing

@Suite struct OncePrinterTests {
    @Test func printsOnePlainFrame() throws {
        let text = try OncePrinter.text(
            snapshots: [ConsoleFixture.snapshot(at: 499_000), ConsoleFixture.snapshot()],
            events: ConsoleFixture.events,
            options: ConsoleOptions(isDemo: true),
            clock: ConsoleFixture.clock
        )
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == OncePrinter.defaultHeight)
        #expect(lines.allSatisfy { $0.count <= OncePrinter.defaultWidth })
        #expect(text.contains("127.0.0.22:8080"))
        #expect(text.contains("DEMO"))
        #expect(!text.contains("\u{1B}"))
    }

    @Test func anyWidthIsFine() throws {
        for width in [1, 39, 40, 1_000] {
            _ = try OncePrinter.text(
                snapshots: [ConsoleFixture.snapshot()],
                options: ConsoleOptions(),
                clock: ConsoleFixture.clock,
                width: width,
                height: 24,
                glyphs: .ascii
            )
        }
    }
}
