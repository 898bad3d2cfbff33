import Terminal

/// One frame of the dashboard as plain text, for `shoal console --once`.
package enum OncePrinter {
    /// When nothing else is known about where the text goes.
    package static let defaultWidth = 100
    package static let defaultHeight = 30

    /// - Parameters:
    ///   - snapshots: oldest first; the last one is shown, all of them feed the graph.
    ///   - clock: now, on the same monotonic clock as the snapshots.
    ///   - glyphs: `.ascii` where the output is not UTF-8.
    /// - Throws: if not even the built-in theme can be read, which the tests exclude.
    package static func text(
        snapshots: [ClusterSnapshot],
        events: [ClusterEvent] = [],
        options: ConsoleOptions,
        clock: ConsoleClock,
        width: Int = defaultWidth,
        height: Int = defaultHeight,
        glyphs: GlyphSet = .unicode
    ) throws(ThemeError) -> String {
        let theme = try ThemeLoader(folders: []).load("mono")
        var state = ConsoleState(options: options, themeNames: [options.theme], width: width, height: height)
        _ = state.update(.tick(clock))
        _ = state.update(.clusterEvents(events))
        for snapshot in snapshots { _ = state.update(.snapshot(snapshot)) }
        // The refresh rate is for eyes: here the newest counts.
        state.showNewest()
        return ConsoleRenderer.render(state, width: width, height: height, theme: theme, glyphs: glyphs).plainText
    }
}
