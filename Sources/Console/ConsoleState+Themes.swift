extension ConsoleState {
    mutating func receive(_ news: ThemeNews) {
        switch news {
        case .shown(let name, let names):
            themeName = name
            if !names.isEmpty { themeNames = names }
            brokenThemes.removeAll()
        case .broken(let name, let shown, let message):
            themeName = shown
            if chosenTheme == name, name != shown { chosenTheme = nil }
            brokenThemes.insert(name)
            say(message, .error)
            receive([ClusterEvent(unixSeconds: clock.unixSeconds, severity: .error, text: message)])
        }
    }

    mutating func useTheme(_ argument: String) -> [ConsoleAction] {
        let name = argument.isEmpty ? nextTheme : argument
        // A path is a theme, too; the runner finds out whether it is one.
        guard themeNames.contains(name) || name.contains("/") else {
            say("no theme \"\(name)\"; there are \(themeNames.joined(separator: ", "))", .error)
            return []
        }
        themeName = name
        // A path from where the console stands now may lead nowhere the next time.
        chosenTheme = !name.contains("/") || name.hasPrefix("/") ? name : nil
        say("theme \(name)")
        return [.useTheme(name)]
    }

    /// Whether the terminal is to be asked whether it is light or dark: only where nobody chose.
    package var wantsBackground: Bool { !options.isThemeChosen && chosenTheme == nil && display.hasColors }

    mutating func receive(backgroundIsLight isLight: Bool) -> [ConsoleAction] {
        let name = isLight ? "light" : "dark"
        // Who has chosen meanwhile keeps that.
        guard wantsBackground, name != themeName, themeNames.contains(name) else { return [] }
        themeName = name
        return [.useTheme(name)]
    }

    /// The one after the one shown. One that turned out broken is left out, or `t` would never come past it.
    private var nextTheme: String {
        let index = themeNames.firstIndex(of: themeName).map { $0 + 1 } ?? 0
        let following = themeNames[index...] + themeNames[..<index]
        return following.first { !brokenThemes.contains($0) } ?? themeName
    }
}
