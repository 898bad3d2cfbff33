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
    }

    @Test(arguments: [
        ("text = white\nnope.role = red", "f:2: there is no role"), ("text red", "f:1: expected"),
        ("key = #12345", "f:1: '#12345' is no colour"), ("key = red on", "f:1: 'on' needs"),
        ("key = red\nkey = red", "f:2: 'key' was given"), ("key =", "f:1: nothing after"),
    ])
    func mistakesNameTheirLine(text: String, message: String) throws {
        let error = try #require(throws: ThemeError.self) { try ThemeParser(text: text, file: "f") }
        #expect(error.message.hasPrefix(message))
    }

    @Test(arguments: ["dark", "light"], ColorDepth.allCases)
    func textIsReadable(name: String, depth: ColorDepth) throws {
        let theme = try builtIn.load(name).reduced(to: depth)
        for role in ThemeRole.allCases {
            let style = theme.style(role)
            let contrast = Color.contrast(style.foreground, style.background) ?? 21
            // Fewer colours cannot keep the ratio; there, text must only not vanish.
            #expect(contrast >= (depth >= .indexed256 ? (depth == .trueColor ? 4.5 : 3.5) : 1.05), "\(name) \(role)")
        }
    }

    @Test(arguments: ["dark", "light", "mono"])
    func selectionIsSeenWithoutColors(name: String) throws {
        let theme = try builtIn.load(name).reduced(to: .mono)
        #expect(theme.style(.tableSelected).attributes.contains(.reverse))
        #expect(theme.style(.tableSelected).background == .terminal)
        #expect(!theme.style(.tableRow).attributes.contains(.reverse))
    }

    @Test func usersThemeComesFirstAndMayInheritItsOwnName() throws {
        var template = Array("/tmp/shoal-theme-XXXXXX".utf8CString)
        let folder = String(cString: try #require(mkdtemp(&template)))
        defer {
            unlink("\(folder)/dark.theme")
            rmdir(folder)
        }
        let text = "inherits = dark\nkey = #010203\n"
        let file = try #require(fopen("\(folder)/dark.theme", "w"))
        fputs(text, file)
        fclose(file)
        let loader = ThemeLoader(folders: [folder])
        #expect(try loader.load("dark").style(.key).foreground == .rgb(red: 1, green: 2, blue: 3))
        #expect(try loader.load("dark").style(.good) == builtIn.load("dark").style(.good))
        #expect(throws: ThemeError.self) { try loader.load("missing") }
    }

    @Test func shippedFilesEqualTheBuiltInCopies() throws {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let themes = "/\(root)/themes"
        guard access(themes, R_OK) == 0 else { return }
        for name in BuiltInThemes.all.keys {
            let shipped = try ThemeLoader(folders: [themes]).load(name)
            #expect(try shipped == builtIn.load(name))
        }
    }
}
