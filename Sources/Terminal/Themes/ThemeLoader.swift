import Glibc

/// Finds themes: the user's folder first, then the shipped folders, then the copies compiled in, so that a lone
/// binary has them, too.
package struct ThemeLoader: Sendable {
    /// How many themes may inherit from each other in a row; deeper is a mistake.
    static let deepestInheritance = 8

    /// Folders in the order of search.
    package let folders: [String]

    package init(folders: [String]) { self.folders = folders }

    /// The usual places: `$XDG_CONFIG_HOME/shoal/themes` (or `~/.config`), `themes` in the working directory,
    /// `../share/shoal/themes` beside the executable.
    package init(environment: [String: String], executablePath: String?) {
        var folders: [String] = []
        // The specification says that a relative path is to be ignored.
        if let config = environment["XDG_CONFIG_HOME"], config.hasPrefix("/") {
            folders.append("\(config)/shoal/themes")
        } else if let home = environment["HOME"], home.hasPrefix("/") {
            folders.append("\(home)/.config/shoal/themes")
        }
        folders.append("themes")
        if let executablePath, let slash = executablePath.lastIndex(of: "/") {
            folders.append("\(executablePath[..<slash])/../share/shoal/themes")
        }
        self.folders = folders
    }

    /// Reads a theme by name, or by path if the name has a slash.
    package func load(_ name: String) throws(ThemeError) -> Theme {
        var chain: [ThemeParser] = []
        var next: String? = name
        var seen: Set<String> = []
        while let current = next {
            let parsed = try parse(current, from: chain.last, seen: seen)
            guard chain.count < ThemeLoader.deepestInheritance, !chain.contains(where: { $0.file == parsed.file })
            else {
                throw ThemeError(
                    code: .inheritance,
                    message: "\(chain.last?.place ?? name): 'inherits = \(current)' leads back to itself or is deeper "
                        + "than \(ThemeLoader.deepestInheritance) themes"
                )
            }
            seen.insert(parsed.file)
            chain.append(parsed)
            next = parsed.inherits
        }
        var entries: [String: Theme.Entry] = [:]
        for parsed in chain.reversed() { entries.merge(parsed.entries) { _, own in own } }
        return Theme(name: name, entries: entries)
    }

    /// The names of all themes there are, sorted: for a list to choose from.
    package func names() -> [String] {
        var names = Set(BuiltInThemes.names)
        for folder in folders {
            guard let directory = opendir(folder) else { continue }
            defer { closedir(directory) }
            while let entry = readdir(directory) {
                let file = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if file.hasSuffix(".theme"), !file.hasPrefix(".") { names.insert(String(file.dropLast(6))) }
            }
        }
        return names.sorted()
    }

    /// The folders that a theme's file may come from, those that don't exist among them.
    package func watchedFolders(for name: String) -> [String] {
        guard let slash = name.lastIndex(of: "/") else { return folders }
        return folders + [slash == name.startIndex ? "/" : String(name[..<slash])]
    }

    /// A theme that inherits from its own name (the user's `dark` from the shipped `dark`) gets the next one found.
    private func parse(
        _ name: String,
        from parent: ThemeParser?,
        seen: Set<String>
    ) throws(ThemeError) -> ThemeParser {
        guard !name.isEmpty, !name.utf8.contains(0), name.contains("/") || !name.hasPrefix(".") else {
            throw ThemeError(code: .notFound, message: "'\(SafeText.display(name))' is not a theme name")
        }
        let candidates = name.contains("/") ? [name] : folders.map { "\($0)/\(name).theme" }
        for path in candidates where !seen.contains(path) || name.contains("/") {
            if let text = try read(path) { return try ThemeParser(text: text, file: path) }
        }
        if let path = candidates.first(where: seen.contains), BuiltInThemes.text(name) == nil {
            throw ThemeError(
                code: .inheritance,
                message: "\(parent?.place ?? path): 'inherits = \(name)' leads back to \(path)"
            )
        }
        if let text = BuiltInThemes.text(name) { return try ThemeParser(text: text, file: "built-in \(name)") }
        let from = parent.map { "\($0.place): " } ?? ""
        throw ThemeError(
            code: .notFound,
            message:
                "\(from)there is no theme '\(SafeText.display(name))'; there are \(names().joined(separator: ", "))"
        )
    }

    /// The file's text, nil if there is none.
    private func read(_ path: String) throws(ThemeError) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw ThemeError(
                code: .unreadable,
                message: "\(path): cannot read the theme: \(String(cString: strerror(errno)))"
            )
        }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: ThemeParser.largestFile + 1)
        var filled = 0
        while filled < bytes.count {
            let got = bytes.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress.map { $0 + filled }, $0.count - filled)
            }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else {
                throw ThemeError(
                    code: .unreadable,
                    message: "\(path): cannot read the theme: \(String(cString: strerror(errno)))"
                )
            }
            if got == 0 { break }
            filled += got
        }
        guard filled <= ThemeParser.largestFile else {
            throw ThemeError(
                code: .unreadable,
                message: "\(path): larger than \(ThemeParser.largestFile) bytes: not a theme"
            )
        }
        return String(decoding: bytes[..<filled], as: UTF8.self)
    }
}

extension ThemeParser {
    /// Where it inherits: `file:line`.
    fileprivate var place: String { "\(file):\(inheritsLine)" }
}
