import Testing

/// Files stay readable, and types stay one thing each.
@Suite struct SizeTests {
    private static let fileLinesMax = 400
    /// Files that are longer, as they were when this list was made.
    private static let longFiles: [String: Int] = [:]
    private static let typeLinesMax = 800
    private static let typeFilesMax = 5

    private struct Size: CustomStringConvertible {
        var files: Int
        var lines: Int
        var description: String { "\(files) files of \(lines) lines in all" }
    }

    /// Types that are larger, as they were when this list was made. It only becomes shorter: an entry that is not needed
    /// any more, or larger than its type, has to go or to shrink.
    private static let largeTypes: [String: Size] = [:]
    /// How much an entry may be above what is there before it has to be lowered.
    private static let slack = 300

    @Test func noFileIsTooLong() {
        for file in SourceTree.sources + SourceTree.tests {
            let (count, known) = (file.lineCount, Self.longFiles[file.path])
            let bound = known ?? Self.fileLinesMax
            #expect(count <= bound, "\(file.path) has \(count) lines, more than \(bound)")
            #expect(known == nil || count > Self.fileLinesMax, "\(file.path) is short: take it off the list")
        }
        for path in Self.longFiles.keys { #expect(SourceTree.exists(path), "\(path) is gone: take it off the list") }
    }

    @Test func noTypeIsTooLarge() {
        var sizes: [String: Size] = [:]
        for file in SourceTree.sources {
            var size = sizes["\(file.room)/\(file.typeName)"] ?? Size(files: 0, lines: 0)
            size.files += 1
            size.lines += file.lineCount
            sizes["\(file.room)/\(file.typeName)"] = size
        }
        for (name, size) in sizes.sorted(by: { $0.key < $1.key }) {
            let isLarge = size.files > Self.typeFilesMax || size.lines > Self.typeLinesMax
            guard let known = Self.largeTypes[name] else {
                #expect(!isLarge, "\(name) has \(size): it is several types")
                continue
            }
            #expect(isLarge, "\(name) is large no more: take it off the list")
            #expect(size.files <= known.files && size.lines <= known.lines, "\(name) grew from \(known) to \(size)")
            #expect(
                size.lines > known.lines - Self.slack,
                "\(name) shrank from \(known) to \(size): lower its entry, so that it stays so"
            )
        }
        for name in Self.largeTypes.keys { #expect(sizes[name] != nil, "\(name) is gone: take it off the list") }
    }
}
