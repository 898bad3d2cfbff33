import Terminal

/// `shoal console --theme-check`: whether the colours can be read.
enum ThemeCheck {
    /// Prints every role of a theme, or of all there are, with its contrast.
    /// - Throws: `CommandFailure` 1 if a role can't be read well or a file is broken, 2 if there is no such theme.
    static func run(_ name: String?, themes: ThemeLoader) throws {
        let names = name.map { [$0] } ?? themes.names()
        var failed: [String] = []
        for (index, name) in names.enumerated() {
            if index > 0 { StandardStreams.writeLine("") }
            do {
                let theme = try themes.load(name)
                for line in ThemeReport.lines(theme) { StandardStreams.writeLine(line) }
                if !ThemeContrast(theme).unreadable.isEmpty { failed.append(name) }
            } catch {
                guard names.count > 1 else { throw CommandFailure(.usage, error.message) }
                StandardStreams.writeError("shoal: \(error.message)\n")
                failed.append(name)
            }
        }
        guard failed.isEmpty else {
            throw CommandFailure(
                .failed,
                "not readable enough: \(failed.joined(separator: ", ")); text needs \(ThemeContrast.leastForText):1, "
                    + "lines \(ThemeContrast.leastForLines):1"
            )
        }
    }
}
