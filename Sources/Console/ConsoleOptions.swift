import Terminal

/// How the console was asked to behave.
package struct ConsoleOptions: Hashable, Sendable {
    /// No command that changes the cluster exists.
    package var isReadOnly: Bool
    /// Name of the first theme.
    package var theme: String
    /// The theme was asked for: neither what was remembered nor the terminal's background is heard.
    package var isThemeChosen: Bool
    /// Nodes are started without being asked for: that none runs at first is no news.
    package var startsNodes: Bool
    /// The traffic is made up, and the screen says so.
    package var isDemo: Bool
    /// What graphs are made of.
    package var graphSet: GraphSet
    /// There is a way to resharding.
    package var canReshard: Bool
    /// `user@host` of whoever sits here, for the audit.
    package var user: String
    /// Name of the terminal, for what is said about it.
    package var terminal: String
    /// The config, where a command of the shell has to name it; nil: it finds it by itself.
    package var configFile: String?
    /// Where the nodes inside keep their data, in place of the config's folder.
    package var dataDirectory: String?
    /// How often the numbers change, one of `refreshSteps` or in between.
    package var refreshMilliseconds: Int

    /// What `+` and `-` step through.
    package static let refreshSteps = [250, 500, 1_000, 2_000, 5_000, 10_000]

    package init(
        isReadOnly: Bool = false,
        theme: String = "dark",
        isDemo: Bool = false,
        graphSet: GraphSet = .braille,
        canReshard: Bool = false,
        user: String = "somebody",
        refreshMilliseconds: Int = 1_000,
        isThemeChosen: Bool = false,
        terminal: String = "",
        startsNodes: Bool = false,
        configFile: String? = nil,
        dataDirectory: String? = nil
    ) {
        self.isReadOnly = isReadOnly
        self.theme = theme
        self.isDemo = isDemo
        self.isThemeChosen = isThemeChosen
        self.terminal = terminal
        self.startsNodes = startsNodes
        self.configFile = configFile
        self.dataDirectory = dataDirectory
        self.graphSet = graphSet
        self.canReshard = canReshard
        self.user = user
        self.refreshMilliseconds = refreshMilliseconds
    }
}
