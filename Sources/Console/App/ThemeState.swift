/// Which theme is shown, and which others there are.
package struct ThemeState: Sendable {
    package private(set) var name: String
    /// What `t` walks through.
    package private(set) var names: [String]
    /// The theme the user chose, here or the last time; nil: the one that suits the terminal.
    var chosen: String?
    /// Those that could not be used when they were last tried.
    private var broken: Set<String> = []

    init(name: String, names: [String]) {
        self.name = name
        self.names = names.isEmpty ? [name] : names
    }

    mutating func receive(_ news: ThemeNews) -> [ViewEffect] {
        switch news {
        case .shown(let name, let names):
            self.name = name
            if !names.isEmpty { self.names = names }
            broken.removeAll()
            return []
        case .broken(let name, let shown, let message):
            self.name = shown
            if chosen == name, name != shown { chosen = nil }
            broken.insert(name)
            return [.say(message, .error), .tell(.error, message)]
        }
    }

    /// `t`, or `:theme NAME`.
    mutating func use(_ argument: String) -> [ViewEffect] {
        let name = argument.isEmpty ? next : argument
        // A path is a theme, too; the runner finds out whether it is one.
        guard names.contains(name) || name.contains("/") else {
            return [.say("no theme \"\(name)\"; there are \(names.joined(separator: ", "))", .error)]
        }
        self.name = name
        // A path from where the console stands now may lead nowhere the next time.
        chosen = !name.contains("/") || name.hasPrefix("/") ? name : nil
        return [.say("theme \(name)"), .act(.useTheme(name))]
    }

    /// The terminal tells that its background is light or dark. A theme that was chosen meanwhile stays.
    mutating func receive(backgroundIsLight isLight: Bool) -> [ViewEffect] {
        let name = isLight ? "light" : "dark"
        guard name != self.name, names.contains(name) else { return [] }
        self.name = name
        return [.act(.useTheme(name))]
    }

    /// The one after the one shown. One that turned out broken is left out, or `t` would never come past it.
    private var next: String {
        let index = names.firstIndex(of: name).map { $0 + 1 } ?? 0
        let following = names[index...] + names[..<index]
        return following.first { !broken.contains($0) } ?? name
    }
}
