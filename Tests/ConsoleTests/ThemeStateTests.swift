import Console
import Terminal
import Testing

@Suite struct ThemeStateTests {
    @Test func keyWalksThroughThemesAndLeavesOutBrokenOnes() {
        var state = ConsoleFixture.state()
        #expect(state.press(.character("t")) == [.useTheme("light")])
        let message = "/home/a/.config/shoal/themes/light.theme:3: there is no role 'tabel'"
        _ = state.update(.theme(.broken(name: "light", shown: "dark", message: message)))
        // What is shown is what the state says, and the mistake is told where it is looked for.
        #expect(state.theme.name == "dark")
        #expect(state.notice?.text == message && state.notice?.severity == .error)
        #expect(state.events.newest.last?.text == message)
        #expect(state.press(.character("t")) == [.useTheme("mono")])
        _ = state.update(.theme(.shown(name: "mono", names: ["dark", "light", "mono", "new"])))
        #expect(state.theme.name == "mono" && state.theme.names == ["dark", "light", "mono", "new"])
        _ = state.press(.character("t"), .character("t"))
        #expect(state.theme.name == "dark")
        // Everything works again after a theme was shown.
        #expect(state.press(.character("t")) == [.useTheme("light")])
    }

    @Test func namesAndPathsMayBeTyped() {
        var state = ConsoleFixture.state()
        _ = state.type(":theme nothing")
        #expect(state.press(.enter) == [])
        #expect(state.notice?.text == "no theme \"nothing\"; there are dark, light, mono")
        _ = state.type(":theme ./own.theme")
        #expect(state.press(.enter) == [.useTheme("./own.theme")])
    }

    @Test func aMistakeInAThemeIsOnTheScreen() throws {
        var state = ConsoleFixture.state()
        _ = state.update(.theme(.broken(name: "dark", shown: "dark", message: "dark.theme:7: '#12' is no colour")))
        #expect(try ConsoleFixture.frame(state).text(23).contains("dark.theme:7: '#12' is no colour"))
    }
}
