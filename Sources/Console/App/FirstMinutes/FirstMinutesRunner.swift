import Glibc
import Terminal

/// Shows the page before the console, on the calling thread, until the config can be used or the user leaves.
package struct FirstMinutesRunner {
    /// What the page asks of the file.
    package struct Files {
        var look: () -> FirstMinutes.Finding
        var write: () -> String?

        /// - Parameters:
        ///   - look: reads and checks the config; blocks on the file system.
        ///   - write: writes the example where nothing is; says why it could not.
        package init(look: @escaping () -> FirstMinutes.Finding, write: @escaping () -> String?) {
            self.look = look
            self.write = write
        }
    }

    /// An editor may put another file in the place of this one, which no watch on it would tell: it is read again this
    /// often, which is soon enough for eyes and costs nothing.
    private static let lookMilliseconds = 500

    private let files: Files
    private let themes: ThemeLoader
    private let themeName: String

    package init(files: Files, themes: ThemeLoader, theme: String) {
        self.files = files
        self.themes = themes
        themeName = theme
    }

    /// Takes the terminal and gives it back. Call before other threads start: opening the terminal sets the locale.
    /// - Returns: nil when the config can be used now.
    /// - Throws: `ThemeError` or `TerminalError`, before anything is shown.
    package func run(_ first: FirstMinutes) throws -> ConsoleRunner.Ending? {
        let driver = try TerminalDriver.open()
        defer { driver.close() }
        let theme = try themes.load(themeName).reduced(to: driver.colorDepth)
        var state = first
        while true {
            driver.draw(
                FirstMinutesRenderer.render(
                    state,
                    width: driver.size.width,
                    height: driver.size.height,
                    theme: theme,
                    glyphs: driver.glyphs
                )
            )
            let actions: [FirstMinutes.Action]
            switch driver.nextEvent(timeoutMilliseconds: FirstMinutesRunner.lookMilliseconds) {
            case .key(let key): actions = state.update(.key(key))
            case .none: actions = [.look]
            case .terminate(let signal): return .signal(signal)
            case .hangUp: return .hangUp
            case .paste, .mouse, .background, .resize, .wake, .watched: actions = []
            }
            var left = actions[...]
            while let action = left.popFirst() {
                switch action {
                case .look: left += state.update(.found(files.look()))
                case .write: left += state.update(.written(problem: files.write()))
                case .redraw: driver.repaint()
                case .open: return nil
                case .quit: return .quit
                }
            }
        }
    }
}
