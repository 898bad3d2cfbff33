import Glibc
import Terminal
import Testing

@Suite struct ThemeTests {
    private let builtIn = ThemeLoader(folders: [])

    @Test func rolesFallBackByPart() throws {
        let parsed = try ThemeParser(
            text: "text = white on black\ntable = green bold # all\ntable.row = dim",
            file: "t"
        )
        let theme = Theme(name: "t", entries: parsed.entries)
        let header = theme.style(.tableHeader)
        #expect(header == Style(foreground: .indexed(2), background: .indexed(0), attributes: .bold))
        #expect(theme.style(.tableRow).attributes == .dim)
        #expect(theme.style(.key).foreground == .indexed(7))
        // Three parts fall back one by one.
        let button = try ThemeParser(text: "text = white on black\ndialog.button = red", file: "t")
        #expect(Theme(name: "t", entries: button.entries).style(.dialogButtonSelected).foreground == .indexed(1))
    }

    @Test(arguments: [
        ("text = white\ntabel.row = red", "f:2: there is no role 'tabel.row'; is 'table.row' meant?"),
        ("nonsense = red", "f:1: there is no role 'nonsense'; docs/themes.md lists them"),
        ("text red", "f:1: expected"),
        ("key = #12345", "f:1: '#12345' is no colour"), ("key = red on", "f:1: 'on' needs"),
        ("key = red\nkey = red", "f:2: 'key' was given"), ("key =", "f:1: nothing after"),
        ("\n\ninherits = a b", "f:3: 'inherits' takes one"), ("key = red blue", "f:1: two foreground"),
    ])
    func mistakesNameTheirLine(text: String, message: String) throws {
        let error = try #require(throws: ThemeError.self) { try ThemeParser(text: text, file: "f") }
        #expect(error.message.hasPrefix(message))
    }

    @Test func allThatWasPromisedIsShipped() throws {
        let promised: Set = [
            "dark", "light", "high-contrast", "colour-blind", "solarized-dark", "solarized-light", "ansi-16", "mono",
        ]
        #expect(promised.isSubset(of: builtIn.names()))
        // And every file in the folder is in the binary, under its name.
        let folder = Self.sourceFolder("themes")
        #expect(Set(ThemeLoader(folders: [folder]).names()) == Set(BuiltInThemes.names))
        for name in BuiltInThemes.names {
            #expect(try ThemeLoader(folders: [folder]).load(name) == builtIn.load(name), "\(name)")
        }
    }

    /// A folder at the top of the repository.
    private static func sourceFolder(_ name: String) -> String {
        "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/" + name
    }

    @Test(arguments: BuiltInThemes.names)
    func selectionAndEnvironmentAreSeenWithoutColors(name: String) throws {
        let theme = try builtIn.load(name).reduced(to: .mono)
        #expect(!theme.hasColors)
        #expect(theme.style(.tableSelected).attributes.contains(.reverse))
        #expect(!theme.style(.tableRow).attributes.contains(.reverse))
        #expect(theme.style(.frameProduction).attributes.contains(.reverse))
    }

    @Test(arguments: BuiltInThemes.names, ColorDepth.allCases)
    func environmentsHaveFramesOfTheirOwn(name: String, depth: ColorDepth) throws {
        let theme = try builtIn.load(name).reduced(to: depth)
        let frames = [theme[.frameDevelopment], theme[.frameStaging], theme[.frameProduction]]
        #expect(Set(frames).count == 3, "\(frames)")
    }

    @Test func usersThemeComesFirstAndMayInheritItsOwnName() throws {
        let folder = try ThemeFolder()
        try folder.write("dark", "inherits = dark\nkey = #010203\n")
        let loader = ThemeLoader(folders: [folder.path])
        #expect(try loader.load("dark").style(.key).foreground == .rgb(red: 1, green: 2, blue: 3))
        #expect(try loader.load("dark").style(.good) == builtIn.load("dark").style(.good))
        #expect(throws: ThemeError.self) { try loader.load("missing") }
    }

    @Test func configFolderFollowsTheDirectorySpecification() {
        let home = ThemeLoader(environment: ["HOME": "/home/a"], executablePath: "/usr/bin/shoal")
        #expect(home.folders == ["/home/a/.config/shoal/themes", "themes", "/usr/bin/../share/shoal/themes"])
        let config = ThemeLoader(environment: ["HOME": "/h", "XDG_CONFIG_HOME": "/x"], executablePath: nil)
        #expect(config.folders == ["/x/shoal/themes", "themes"])
        let relative = ThemeLoader(environment: ["HOME": "/h", "XDG_CONFIG_HOME": "x"], executablePath: nil)
        #expect(relative.folders.first == "/h/.config/shoal/themes")
    }

    @Test func inheritanceThatLeadsNowhereNamesItsLine() throws {
        let folder = try ThemeFolder()
        try folder.write("a", "# round\ninherits = b\n")
        try folder.write("b", "inherits = a\n")
        try folder.write("c", "\ntext = red\ninherits = nobody\n")
        let loader = ThemeLoader(folders: [folder.path])
        let round = try #require(throws: ThemeError.self) { try loader.load("a") }
        #expect(round.code == .inheritance)
        #expect(round.message == "\(folder.path)/b.theme:1: 'inherits = a' leads back to \(folder.path)/a.theme")
        let nobody = try #require(throws: ThemeError.self) { try loader.load("c") }
        #expect(nobody.message.hasPrefix("\(folder.path)/c.theme:3: there is no theme 'nobody'"), "\(nobody)")
    }

    @Test func watcherReportsThemeFilesOnly() throws {
        let folder = try ThemeFolder()
        let watcher = ThemeWatcher(folders: ["/nowhere/at/all", folder.path])
        #expect(!watcher.drain())
        try folder.write("mine", "key = red\n")
        #expect(watcher.drain())
        #expect(!watcher.drain())
        try folder.write("notes", "", ending: "txt")
        #expect(!watcher.drain())
        // As editors do: a new file in place of the old one.
        try folder.write("new", "key = blue\n", ending: "tmp")
        #expect(rename("\(folder.path)/new.tmp", "\(folder.path)/mine.theme") == 0)
        #expect(watcher.drain())
        #expect(unlink("\(folder.path)/mine.theme") == 0)
        #expect(watcher.drain())
    }
}

/// A folder for themes that goes away with the test.
final class ThemeFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/shoal-theme-XXXXXX".utf8CString)
        path = String(cString: try #require(mkdtemp(&template)))
    }

    deinit {
        guard let directory = opendir(path) else { return }
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            unlink("\(path)/\(name)")
        }
        closedir(directory)
        rmdir(path)
    }

    func write(_ name: String, _ text: String, ending: String = "theme") throws {
        let file = try #require(fopen("\(path)/\(name).\(ending)", "w"))
        defer { fclose(file) }
        try #require(fputs(text, file) >= 0)
    }
}
