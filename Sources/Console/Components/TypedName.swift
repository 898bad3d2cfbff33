/// The name of what would be lost, to be typed before it is: a slip of the finger types no name. Pure.
package struct TypedName: Hashable, Sendable {
    /// A longer key is asked for by its end, which tells keys with the same prefix apart.
    private static let charactersMax = 32
    /// Of it so many characters, an escape being up to four of them.
    private static let endCharacters = 16

    /// What is to be typed, as `KeyText` writes it.
    package let text: String
    /// Whether it is only the end of the name.
    package let isEnd: Bool
    private let bytes: [UInt8]
    /// What has been typed so far.
    package var editor = LineEditor()

    package init(key: [UInt8]) {
        let whole = KeyText.name(of: key)
        guard whole.unicodeScalars.count > Self.charactersMax else {
            (text, bytes, isEnd) = (whole, key, false)
            return
        }
        // Half a letter could not be typed.
        let characters = String(validating: key, as: UTF8.self)?.unicodeScalars.map { Array(String($0).utf8) }
        var end: [UInt8] = []
        for letter in (characters ?? key.map { [$0] }).reversed() {
            let longer = letter + end
            guard KeyText.name(of: longer).unicodeScalars.count <= Self.endCharacters else { break }
            end = longer
        }
        (text, bytes, isEnd) = (KeyText.name(of: end), end, true)
    }

    /// Whether that is the name, whichever way its bytes are written.
    package var isRight: Bool { KeyText.bytes(of: editor.text) == bytes }

    /// What is asked of the user.
    package var question: String { isEnd ? "Type its end: \(text)" : "Type its name, then Enter:" }
}
