/// The words of one command, name first. Borrows the bytes that were read and the list of where its words stand: lives
/// only during the call that it is handed to.
package struct Arguments {
    private let places: UnsafePointer<ArgumentList.Place>
    private let bytes: UnsafeRawBufferPointer
    /// With the name.
    package let count: Int

    init(_ places: UnsafePointer<ArgumentList.Place>, count: Int, in bytes: UnsafeRawBufferPointer) {
        self.places = places
        self.count = count
        self.bytes = bytes
    }

    /// The bytes of a word; 0 is the command's name.
    @inline(__always)
    package subscript(index: Int) -> UnsafeRawBufferPointer {
        let place = places[index]
        return UnsafeRawBufferPointer(rebasing: bytes[place.start..<place.start + place.count])
    }

    /// A word as text; bytes that are not text become replacement characters.
    package func text(_ index: Int) -> String { String(decoding: self[index], as: UTF8.self) }

    /// A word as Redis quotes it in errors: its first bytes, up to a zero byte.
    func quoted(_ index: Int, max count: Int = .max) -> [UInt8] {
        Array(self[index].prefix(count).prefix { $0 != 0 })
    }

    /// Copies of the words after the name.
    var rest: [[UInt8]] { (1..<max(1, count)).map { Array(self[$0]) } }

    /// The same as text.
    var restTexts: [String] { (1..<max(1, count)).map { text($0) } }
}
