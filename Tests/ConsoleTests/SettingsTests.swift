import Console
import Glibc
import Server
import Terminal
import Testing

@Suite struct SettingsTests {
    private func parsed(_ text: String) -> (settings: ConsoleSettings, problem: String?) {
        SettingsText.settings(of: Array(text.utf8))
    }

    @Test func whatIsWrittenReadsBack() {
        let settings = ConsoleSettings(
            theme: "solarized-dark",
            graphSet: .ascii,
            sort: TableSort(column: .keys, isInverted: true),
            refreshMilliseconds: 500,
            isMouseOn: true,
            panel: .graph,
            graph: GraphKind.allCases.last,
            secondsPerStep: 5,
            history: ["sort keys", "theme light", "scan 漢字 \\x00 #"],
            unknown: ["bell loud and clear", "since-2.0"]
        )
        let (read, problem) = parsed(SettingsText.text(of: settings))
        #expect(read == settings && problem == nil)
        let empty = parsed(SettingsText.text(of: ConsoleSettings()))
        #expect(empty.settings == ConsoleSettings() && empty.problem == nil)
        #expect(parsed("").settings == ConsoleSettings() && parsed("").problem == nil)
    }

    @Test(arguments: [
        ("theme dark\nrefresh-milliseconds soon\nmouse on\n", "2: 'soon' is no value of refresh-milliseconds"),
        ("mouse perhaps\n", "1: 'perhaps' is no value of mouse"), ("sort\n", "1: '' is no value of sort"),
        ("sort keys upside down\n", "1: 'keys upside down' is no value of sort"),
        ("mouse 9999999999999999999999999999\n", "1: '99999999999999999999999…' is no value of mouse"),
        ("refresh-milliseconds 1\n", "1: '1' is no value of refresh-milliseconds"),
        ("graph-step-seconds 7\n", "1: '7' is no value of graph-step-seconds"),
        ("panel \u{1B}[2J\n", "1: '\\x1b[2J' is no value of panel"), ("a\u{0}b\n", "1: this is no text"),
    ])
    func whatIsWrongIsToldOnceAndTheRestIsUsed(text: String, problem: String) {
        let (settings, told) = parsed(text + "mouse nonsense\ngraph-set block\n")
        #expect(told == problem)
        if !problem.contains("no text") { #expect(settings.graphSet == .block) }
        #expect(settings.refreshMilliseconds == nil)
    }

    @Test func brokenFilesCostNothing() {
        #expect(SettingsText.settings(of: [0xff, 0xfe, 0x0a]).problem == "1: this is no text")
        let many = String(repeating: "history x\n", count: 10_000) + String(repeating: "new thing\n", count: 10_000)
        let (settings, problem) = parsed(many)
        #expect(problem == nil && settings.history.count == 100 && settings.unknown.count == 50)
        let long = parsed("theme " + String(repeating: "x", count: 100_000) + "\nmouse on\n")
        #expect(long.settings.theme == nil && long.settings.isMouseOn == true && long.problem != nil)
        #expect(parsed("   \n \n\n#\n").settings == ConsoleSettings())
    }

    @Test func theStateBeginsWhereTheLastOneWasLeft() {
        var last = ConsoleFixture.state(width: 120, height: 40)
        _ = last.press(.character("t"), .character(">"), .character(">"), .character("I"), .character("]"))
        _ = last.press(.character("z"), .character("-"), .tab)
        for line in [":graph-set ascii", ":mouse on", ":sort keys"] {
            _ = last.type(line)
            _ = last.press(.enter)
        }
        let settings = last.settings
        #expect(settings.theme == "light" && settings.panel == .graph && settings.secondsPerStep == 2)
        #expect(settings.history == ["graph-set ascii", "mouse on", "sort keys"])
        var next = ConsoleFixture.state(width: 120, height: 40, options: ConsoleOptions(theme: "light"))
        #expect(next.update(.settings(settings, notice: "one thing")) == [.useMouse(true)])
        #expect(next.settings == settings)
        #expect(next.notice?.text == "one thing")
        #expect(next.focus == .graph && next.graph.settings.set == .ascii && next.status.refreshMilliseconds == 2_000)
        #expect(next.press(.character(":"), .up) == [] && next.input == .command(LineEditor("sort keys")))
        // It is as it was: no word about it.
        var quiet = ConsoleFixture.state()
        _ = quiet.update(.settings(settings, notice: nil))
        _ = quiet.update(.mouseMode(.missing))
        #expect(quiet.notice == nil && quiet.settings.isMouseOn == true)
    }

    /// Nothing that may be a value gets onto a disk: neither what was written nor what should have been.
    @Test func theHistoryKeepsNoValues() {
        var state = ConsoleFixture.state()
        for line in [
            ":put user:1 secret", ":pu user:2 secret word", ":ptu user:3 secret", ":p user:4 secret", ":put secret",
            ":scan user:", ":frobnicate secret", ":put",
        ] {
            _ = state.type(line)
            _ = state.press(.enter)
        }
        #expect(state.settings.history == ["put user:1", "put user:2", "put secret", "scan user:"])
        // In the same console the whole line comes back.
        _ = state.press(.character(":"), .up, .up, .up, .up, .up, .up, .up, .up)
        #expect(state.input == .command(LineEditor("put user:1 secret")))
        // A value that is typed into its own line was never a command.
        _ = state.press(.escape, .character("5"))
        _ = state.update(.keys(.page(KeysPage(number: 1, keys: [[65]], isLast: true))))
        _ = state.press(.enter)
        _ = state.update(.keys(.value(KeyValue(key: [65], value: [66], expiry: .never))))
        _ = state.press(.character("e"))
        _ = state.type("secret")
        _ = state.press(.enter)
        #expect(state.settings.history.count == 4)
    }

    @Test func aThemeIsRememberedOnlyIfItWasChosen() {
        var state = ConsoleFixture.state()
        #expect(state.settings.theme == nil)
        _ = state.update(.background(isLight: true))
        #expect(state.theme.name == "light" && state.settings.theme == nil)
        _ = state.type(":theme mono")
        _ = state.press(.enter)
        #expect(state.settings.theme == "mono")
        // One that can't be shown is not what the next console should begin with.
        _ = state.update(.theme(.broken(name: "mono", shown: "light", message: "mono.theme:1: no")))
        #expect(state.settings.theme == nil)
        _ = state.type(":theme ./mine.theme")
        _ = state.press(.enter)
        #expect(state.settings.theme == nil)
    }

    @Test func theTerminalsWordDecidesWhereNobodyChose() {
        var state = ConsoleFixture.state()
        #expect(state.wantsBackground)
        #expect(state.update(.background(isLight: false)) == [])
        #expect(state.update(.background(isLight: true)) == [.useTheme("light")])
        #expect(state.update(.background(isLight: false)) == [.useTheme("dark")])
        // Who has chosen keeps that, also when the answer is late.
        _ = state.press(.character("t"))
        #expect(state.update(.background(isLight: false)) == [] && state.theme.name == "light")
        var asked = ConsoleFixture.state(options: ConsoleOptions(theme: "mono", isThemeChosen: true))
        #expect(!asked.wantsBackground && asked.update(.background(isLight: true)) == [])
        var remembered = ConsoleFixture.state()
        _ = remembered.update(.settings(ConsoleSettings(theme: "dark"), notice: nil))
        #expect(!remembered.wantsBackground && remembered.update(.background(isLight: true)) == [])
        var plain = ConsoleFixture.state()
        _ = plain.update(.display(.init(hasColors: false)))
        #expect(!plain.wantsBackground)
    }

    /// A screen that has no room for the remembered panel gives the keyboard to the table.
    @Test func aPanelThatIsNotThereHasNoKeyboard() {
        var state = ConsoleFixture.state(width: 40, height: 10)
        _ = state.update(.settings(ConsoleSettings(panel: .events), notice: nil))
        #expect(state.focus == .table)
        #expect(state.press(.down) == [] && state.list.selection == .shard("shard0"))
    }
}

@Suite struct SettingsFileTests {
    private let folder: StateFolder
    private let base: String

    init() throws {
        var template = Array("/tmp/shoal-settings.XXXXXX".utf8CString)
        base = String(cString: try #require(mkdtemp(&template)))
        folder = StateFolder(environment: ["XDG_STATE_HOME": "\(base)/state"])
    }

    private func cleanUp() {
        for name in names { unlink("\(folder.path)/\(name)") }
        rmdir(folder.path)
        rmdir("\(base)/state")
        rmdir(base)
    }

    private var names: [String] {
        guard let handle = opendir(folder.path) else { return [] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    private func write(_ bytes: [UInt8], to path: String) throws {
        let file = try #require(fopen(path, "w"))
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
    }

    @Test func foldersFollowTheSpecification() {
        defer { cleanUp() }
        #expect(folder.path == "\(base)/state/shoal" && folder.problem == nil)
        let home = StateFolder(environment: ["HOME": base, "XDG_STATE_HOME": "relative/path"])
        #expect(home.path == "\(base)/.local/state/shoal" && home.problem == nil)
        for part in ["/.local/state/shoal", "/.local/state", "/.local"] { rmdir(base + part) }
    }

    @Test func theFileIsReplacedWholeAndIsTheOwnersOnly() throws {
        defer { cleanUp() }
        let file = SettingsFile(in: folder)
        #expect(file.isWritable && file.load().notice == nil && file.load().settings == ConsoleSettings())
        // Left behind by a console that died while it wrote.
        try write([1], to: "\(file.path).\(getpid())")
        #expect(file.save(ConsoleSettings(theme: "light")) == nil)
        #expect(file.save(ConsoleSettings(theme: "mono", isMouseOn: true)) == nil)
        #expect(file.load().settings == ConsoleSettings(theme: "mono", isMouseOn: true))
        #expect(names == [SettingsFile.name])
        var about = stat()
        try #require(stat(file.path, &about) == 0)
        #expect(about.st_mode & 0o777 == 0o600)
    }

    @Test func whatIsNoFileOfSettingsIsToldAndReplaced() throws {
        defer { cleanUp() }
        let file = SettingsFile(in: folder)
        try write([0xff, 0xfe, 0x00], to: file.path)
        #expect(file.load().settings == ConsoleSettings())
        #expect(file.load().notice == "\(file.path):1: this is no text; the default is used")
        try write(Array(repeating: 65, count: 2 << 20), to: file.path)
        #expect(file.load().notice?.contains("this is no file of settings") == true)
        #expect(file.save(ConsoleSettings(theme: "light")) == nil && file.load().notice == nil)
        // A pipe that nobody writes to holds nothing up; a folder can't be replaced.
        unlink(file.path)
        try #require(mkfifo(file.path, 0o600) == 0)
        #expect(file.load().notice?.contains("this is no file of settings") == true)
        unlink(file.path)
        try #require(mkdir(file.path, 0o700) == 0)
        #expect(file.load().notice?.contains("this is no file of settings") == true)
        #expect(file.save(ConsoleSettings())?.hasPrefix("can't write \(file.path) (") == true)
        rmdir(file.path)
        #expect(names == [])
    }

    @Test func aFolderThatCannotBeMadeIsOneNotice() throws {
        defer { cleanUp() }
        try write([], to: "\(base)/file")
        defer { unlink("\(base)/file") }
        let folder = StateFolder(environment: ["XDG_STATE_HOME": "\(base)/file/state"])
        #expect(folder.problem?.contains("(not a directory): no settings and no log are kept") == true)
        let file = SettingsFile(in: folder)
        #expect(!file.isWritable && file.load().notice == folder.problem)
    }

    /// Whoever reads while another writes reads a whole file.
    @Test func aReaderNeverSeesAPart() async throws {
        defer { cleanUp() }
        let file = SettingsFile(in: folder)
        let history = (0..<100).map { "scan \($0) \(String(repeating: "x", count: 200))" }
        #expect(file.save(ConsoleSettings(theme: "first", history: history)) == nil)
        let reader = Task.detached {
            var bad = 0
            while !Task.isCancelled {
                let (settings, notice) = file.load()
                if notice != nil || settings.history != history { bad += 1 }
            }
            return bad
        }
        for round in 0..<100 { #expect(file.save(ConsoleSettings(theme: "\(round)", history: history)) == nil) }
        reader.cancel()
        #expect(await reader.value == 0)
        #expect(file.load().settings.theme == "99")
    }
}
