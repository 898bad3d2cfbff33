import Terminal
import Testing

@Suite struct ColorDepthTests {
    private func depth(_ colors: Int, _ environment: [String: String] = [:]) -> ColorDepth {
        ColorDepth(colors: colors, environment: environment)
    }

    @Test func terminfoSaysHowManyColorsThereAre() {
        #expect(
            [0, 2, 8, 16, 88, 256, 1 << 24].map { depth($0) } == [
                .mono, .mono, .ansi8, .ansi16, .ansi16, .indexed256, .trueColor,
            ]
        )
    }

    @Test func colorTermPromisesAllColors() {
        #expect(depth(256, ["COLORTERM": "truecolor"]) == .trueColor)
        #expect(depth(256, ["COLORTERM": "24bit"]) == .trueColor)
        #expect(depth(256, ["COLORTERM": "yes"]) == .indexed256)
        // The variable survives in places where it means nothing.
        #expect(depth(8, ["COLORTERM": "truecolor", "TERM": "linux"]) == .ansi8)
        #expect(depth(256, ["COLORTERM": "truecolor", "TERM": "screen-256color"]) == .indexed256)
        #expect(depth(256, ["COLORTERM": "truecolor", "TERM": "screen-256color", "TMUX": "/tmp/t,1,0"]) == .trueColor)
    }

    @Test func noColorWinsUnlessItIsEmpty() {
        #expect(depth(1 << 24, ["NO_COLOR": "1", "COLORTERM": "truecolor"]) == .mono)
        #expect(depth(256, ["NO_COLOR": ""]) == .indexed256)
    }

    @Test func fewerColorsStayReadable() {
        let pale = Style(
            foreground: .rgb(red: 190, green: 190, blue: 0),
            background: .rgb(red: 251, green: 251, blue: 250)
        )
        // Yellow on white can't be read; black can.
        #expect(pale.reduced(to: .ansi16) == Style(foreground: .indexed(0), background: .indexed(15)))
        #expect(pale.reduced(to: .trueColor) == pale)
        // Of eight colours, the bright half is bold, but grey must not become bold black.
        let bright = Style(foreground: .indexed(9), background: .indexed(0)).reduced(to: .ansi8)
        #expect(bright == Style(foreground: .indexed(1), background: .indexed(0), attributes: .bold))
        #expect(Style(foreground: .indexed(8), background: .indexed(0)).reduced(to: .ansi8).foreground == .indexed(7))
    }

    /// Errors stay red, warnings yellow, on the Linux console, too.
    @Test func ofFewColorsTheHueIsKept() throws {
        let theme = try ThemeLoader(folders: []).load("dark")
        for (depth, bright) in [(ColorDepth.ansi8, UInt8(0)), (.ansi16, 8)] {
            let reduced = theme.reduced(to: depth)
            #expect(reduced[.bad].foreground == .indexed(1 + bright))
            #expect(reduced[.warn].foreground == .indexed(3 + bright))
            #expect(reduced[.good].foreground == .indexed(2 + bright))
            #expect(reduced[.title].foreground == .indexed(6 + bright))
            #expect(reduced[.text].background == .indexed(0))
            #expect(reduced[.graphRead].foreground != reduced[.graphWrite].foreground)
        }
    }

    @Test func colorsReadBackAsTheyAreWritten() {
        for text in ["#0a1b2c", "default", "bright-black", "red"] { #expect(Color(parsing: text)?.text == text) }
    }

    @Test(arguments: [
        ("15;0", false), ("0;15", true), ("0;default;15", true), ("12;7", true), ("", false), ("0;x", false),
        ("0;8", false),
    ])
    func lightTerminalsAreKnownByTheirVariable(text: String, isLight: Bool) {
        #expect(TerminalBackground.isLight(colorForegroundBackground: text) == isLight)
    }
}
