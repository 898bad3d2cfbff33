import Terminal

/// The theme on the screen, and what its file became meanwhile. Belongs to the UI thread.
struct ConsoleThemes {
    private let loader: ThemeLoader
    private let depth: ColorDepth
    private let watcher: ThemeWatcher
    private var name: String
    /// The last attempt failed, so that the next success is news even if nothing looks different.
    private var isBroken = false
    /// As this terminal shows it.
    private(set) var shown: Theme

    init(_ theme: Theme, name: String, loader: ThemeLoader, depth: ColorDepth) {
        self.loader = loader
        self.depth = depth
        self.name = name
        shown = theme.reduced(to: depth)
        watcher = ThemeWatcher(folders: loader.watchedFolders(for: name))
    }

    /// Readable when a theme file may have changed.
    var descriptor: Int32 { watcher.descriptor }

    var names: [String] { loader.names() }

    /// Shows another theme; the old one stays if that can't be used.
    mutating func use(_ wanted: String) -> ThemeNews {
        watcher.watch(loader.watchedFolders(for: wanted))
        do {
            shown = try loader.load(wanted).reduced(to: depth)
            name = wanted
            isBroken = false
            return .shown(name: wanted, names: names)
        } catch {
            return broken(wanted, error)
        }
    }

    /// Looks at the files after a change; nil if nothing came of it.
    mutating func reload() -> ThemeNews? {
        guard watcher.drain() else { return nil }
        do {
            let theme = try loader.load(name).reduced(to: depth)
            guard theme != shown || isBroken else { return nil }
            shown = theme
            isBroken = false
            return .shown(name: name, names: names)
        } catch {
            return broken(name, error)
        }
    }

    private mutating func broken(_ wanted: String, _ error: ThemeError) -> ThemeNews {
        isBroken = wanted == name
        return .broken(name: wanted, shown: name, message: error.message)
    }
}
