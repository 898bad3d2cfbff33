import Terminal
import Testing

@Suite struct ThemeContrastTests {
    private let builtIn = ThemeLoader(folders: [])

    @Test(arguments: BuiltInThemes.names)
    func everyShippedThemeCanBeRead(name: String) throws {
        let contrast = ThemeContrast(try builtIn.load(name))
        let bad = contrast.unreadable.map { "\($0.name) \($0.ratio() ?? 0)" }
        #expect(bad.isEmpty, "\(name): \(bad)")
        // A theme of the terminal's own colours has nothing to judge; all others are judged in whole.
        let judged = contrast.entries.count { $0.ratio() != nil }
        #expect(judged == (name == "mono" ? 0 : contrast.entries.count))
    }

    @Test(arguments: BuiltInThemes.names, [ColorDepth.indexed256, .ansi16, .ansi8])
    func nothingVanishesWithFewerColors(name: String, depth: ColorDepth) throws {
        for entry in ThemeContrast(try builtIn.load(name)).entries {
            let ratio = entry.ratio(at: depth) ?? 21
            #expect(ratio >= (depth == .indexed256 && entry.isText ? 3.5 : 3), "\(name) \(entry.name) \(ratio)")
        }
    }

    @Test func highContrastKeepsItsPromise() throws {
        for entry in ThemeContrast(try builtIn.load("high-contrast")).entries where entry.isText {
            #expect(entry.ratio() ?? 0 >= 7, "\(entry.name)")
        }
    }

    @Test func colourBlindDoesNotSetRedAgainstGreen() throws {
        let theme = try builtIn.load("colour-blind")
        // Good and bad differ in lightness or in blue, which the common forms of colour blindness see.
        for (good, bad) in [(ThemeRole.good, ThemeRole.bad), (.stateRunning, .stateFailed), (.graphRead, .graphWrite)] {
            let one = try #require(theme[good].foreground.components)
            let other = try #require(theme[bad].foreground.components)
            #expect(abs(one.blue - other.blue) > 100, "\(good) \(bad)")
        }
        #expect(theme[.bad].attributes.contains(.bold))
    }

    @Test func ratiosAreThoseOfTheGuidelines() throws {
        let (black, white) = (Color.rgb(red: 0, green: 0, blue: 0), Color.rgb(red: 255, green: 255, blue: 255))
        #expect(Color.contrast(black, white) == 21)
        let grey = Color.rgb(red: 0x76, green: 0x76, blue: 0x76)
        let ratio = try #require(Color.contrast(grey, white))
        #expect(ratio > 4.54 && ratio < 4.55)
        #expect(Color.contrast(.terminal, white) == nil)
    }

    @Test func whatIsTooPaleIsFound() throws {
        let parsed = try ThemeParser(text: "text = white on black\ntext.dim = #555555\nframe = #555555", file: "pale")
        let theme = Theme(name: "pale", entries: parsed.entries)
        let found = ThemeContrast(theme).unreadable.map(\.name)
        // 2.8 is too little for a line as well.
        #expect(found.contains("text.dim") && found.contains("text.dim on dialog") && found.contains("frame"))
        let lines = ThemeReport.lines(theme)
        #expect(lines.contains { $0.contains("text.dim") && $0.hasSuffix("below 4.5") }, "\(lines)")
        #expect(lines.last?.hasPrefix("pale: ") == true && lines.last?.contains("text.dim 2.8") == true, "\(lines)")
    }
}
