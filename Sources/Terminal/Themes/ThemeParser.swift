/// Reads a theme file:
///
///     # comment
///     inherits = dark
///     table.header = #88c0d0 on #14181f bold underline
///     state.failed = red bold
///
/// A line is `role = [foreground] [on background] [bold] [dim] [reverse] [underline]`; colours are `#rrggbb`,
/// `default`, or one of `Color.names`.
package struct ThemeParser {
    /// Larger than any theme by far: a mistaken path must not be read into memory.
    static let largestFile = 64 * 1024

    package let file: String
    package private(set) var inherits: String?
    /// The line of `inherits`, for messages about what it leads to.
    private(set) var inheritsLine = 0
    package private(set) var entries: [String: Theme.Entry] = [:]

    package init(text: String, file: String) throws(ThemeError) {
        self.file = file
        var number = 0
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            number += 1
            try read(line, number: number)
        }
    }

    private mutating func read(_ line: Substring, number: Int) throws(ThemeError) {
        let words = ThemeParser.words(of: line)
        guard let key = words.first else { return }
        guard words.count >= 2, words[1] == "=" else {
            throw error(
                .syntax,
                number,
                "expected 'role = colour [on colour] [bold]', found '\(SafeText.display(key))'"
            )
        }
        let values = Array(words.dropFirst(2))
        guard !values.isEmpty else { throw error(.syntax, number, "nothing after '\(SafeText.display(key)) ='") }
        if key == "inherits" {
            guard values.count == 1 else { throw error(.syntax, number, "'inherits' takes one theme name") }
            guard inherits == nil else { throw error(.duplicate, number, "'inherits' was given before") }
            inherits = values[0]
            inheritsLine = number
            return
        }
        guard ThemeRole.allNames.contains(key) else {
            throw error(.unknownRole, number, "there is no role '\(SafeText.truncated(key, to: 40))'\(Self.meant(key))")
        }
        guard entries[key] == nil else { throw error(.duplicate, number, "'\(key)' was given before") }
        entries[key] = try entry(values, number: number)
    }

    /// What may have been meant by a name that is none, or where the names are.
    private static func meant(_ name: String) -> String {
        let near = ThemeRole.allNames.map { (name: $0, distance: Spelling.distance(name, $0)) }
            .min { ($0.distance, $0.name) < ($1.distance, $1.name) }
        guard let near, near.distance <= max(1, name.count / 3) else { return "; docs/themes.md lists them" }
        return "; is '\(near.name)' meant?"
    }

    /// Splits at spaces, makes `=` a word of its own, and ends at a comment. `#` begins a comment unless a hex digit
    /// follows: `#88c0d0` is a colour.
    private static func words(of line: Substring) -> [String] {
        var words: [String] = []
        var word = ""
        func flush() {
            if !word.isEmpty { words.append(word) }
            word = ""
        }
        var rest = line.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case " ", "\t", "\r": flush()
            case "=":
                flush()
                words.append("=")
            case "#" where word.isEmpty:
                let startsColor = words.count >= 2 && rest.first.map { $0.properties.isASCIIHexDigit } == true
                guard startsColor else { return words }
                word = "#"
            default: word.unicodeScalars.append(scalar)
            }
        }
        flush()
        return words
    }

    private func entry(_ words: [String], number: Int) throws(ThemeError) -> Theme.Entry {
        var entry = Theme.Entry(foreground: nil, background: nil, attributes: [])
        var at = 0
        while at < words.count {
            let word = words[at]
            at += 1
            if let attribute = ThemeParser.attributes[word] {
                entry.attributes.insert(attribute)
            } else if word == "on" {
                guard at < words.count else { throw error(.syntax, number, "'on' needs a colour after it") }
                guard entry.background == nil else { throw error(.syntax, number, "two background colours") }
                entry.background = try color(words[at], number: number)
                at += 1
            } else {
                let color = try color(word, number: number)
                guard entry.foreground == nil else { throw error(.syntax, number, "two foreground colours") }
                entry.foreground = color
            }
        }
        return entry
    }

    private static let attributes: [String: Style.Attributes] = [
        "bold": .bold, "dim": .dim, "reverse": .reverse, "underline": .underline,
    ]

    private func color(_ word: String, number: Int) throws(ThemeError) -> Color {
        if let color = Color(parsing: word) { return color }
        let shown = SafeText.truncated(word, to: 40)
        let names = Color.names.joined(separator: ", ")
        throw error(.unknownColor, number, "'\(shown)' is no colour; write #rrggbb, default, or one of \(names)")
    }

    private func error(_ code: ThemeError.Code, _ line: Int, _ message: String) -> ThemeError {
        ThemeError(code: code, message: "\(file):\(line): \(message)")
    }
}
