import Terminal

/// The settings of one run of the console: read once, written when they have changed. Belongs to the UI thread.
struct ConsoleMemory {
    /// Writing is put off so long: whoever walks through themes writes once.
    static let saveMilliseconds = 5_000

    private let file: SettingsFile?
    /// What was read.
    let settings: ConsoleSettings
    /// What the user should know about it.
    private(set) var notice: String?
    private var saved: ConsoleSettings?
    private var lookedAt = 0
    private var hasFailed = false

    init(_ file: SettingsFile?) {
        self.file = file
        let loaded = file?.load()
        settings = loaded?.settings ?? ConsoleSettings()
        notice = loaded?.notice
        hasFailed = file?.isWritable == false
    }

    /// The theme to begin with: the one asked for, else the remembered one, else the one in the options.
    mutating func theme(_ options: inout ConsoleOptions, _ loader: ThemeLoader) throws(ThemeError) -> Theme {
        guard !options.isThemeChosen, let name = settings.theme else { return try loader.load(options.theme) }
        do {
            let theme = try loader.load(name)
            options.theme = name
            return theme
        } catch {
            // A file of one's own may be gone or broken since; that must not lock anybody out.
            notice = notice ?? "the remembered theme: \(error.message); \(options.theme) is used"
            return try loader.load(options.theme)
        }
    }

    /// What the console begins with: nothing that was not changed is written, so that looking leaves no file behind.
    mutating func begin(_ settings: ConsoleSettings, at milliseconds: Int) {
        saved = settings
        lookedAt = milliseconds
    }

    /// Whether it is time to look for changes.
    func isDue(at milliseconds: Int) -> Bool {
        file != nil && !hasFailed && milliseconds - lookedAt >= Self.saveMilliseconds
    }

    /// Writes what has changed; says what went wrong, once.
    mutating func save(_ new: ConsoleSettings, at milliseconds: Int) -> String? {
        lookedAt = milliseconds
        guard let file, !hasFailed, new != saved else { return nil }
        saved = new
        let problem = file.save(new)
        hasFailed = problem != nil
        return problem
    }

    /// The last chance; there is no screen any more to say that it was missed.
    mutating func saveAtEnd(_ new: ConsoleSettings) { _ = save(new, at: lookedAt) }
}
