import Testing

/// Folders inside a room know each other one way only.
@Suite struct FolderTests {
    /// Pairs of folders that use types of each other, as there were when this list was made. It only becomes shorter.
    private static let known: Set<String> = [
        "Resharding: Shard and Source", "Resharding: Shard and Target",
    ]

    /// The types that a file declares at its top level.
    static func declarations(_ code: String) -> [String] {
        code.split(separator: "\n").compactMap { line in
            let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "actor", "typealias"]
            let before: Set<Substring> = ["package", "public", "final", "indirect", "private", "fileprivate"]
            guard line.first?.isWhitespace == false else { return nil }
            let words = line.split(whereSeparator: { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == "@") })
            guard let place = words.firstIndex(where: { kinds.contains($0) }), place + 1 < words.count,
                words[..<place].allSatisfy({ before.contains($0) || $0.hasPrefix("@") })
            else { return nil }
            return String(words[place + 1])
        }
    }

    private static func code(of file: SourceFile) -> String {
        SwiftPieces.of(file.text).filter { $0.kind == .code }.map(\.text).joined(separator: "\n")
    }

    /// `Room: A and B` for folders right below a room that use types of each other, also by way of `extension`.
    private static func mutual(in room: String, _ files: [(folder: String, code: String)]) -> [String] {
        var owner: [String: String] = [:]
        for file in files where !file.folder.isEmpty {
            for name in declarations(file.code) { owner[name] = file.folder }
        }
        var uses: [String: Set<String>] = [:]
        for file in files where !file.folder.isEmpty {
            let words = Set(file.code.split(whereSeparator: { !($0.isLetter || $0.isNumber || $0 == "_") }))
            for (name, folder) in owner where folder != file.folder && words.contains(Substring(name)) {
                uses[file.folder, default: []].insert(folder)
            }
        }
        return uses.flatMap { folder, others in
            others.filter { folder < $0 && uses[$0]?.contains(folder) == true }.map { "\(room): \(folder) and \($0)" }
        }
    }

    @Test func noTwoFoldersKnowEachOther() {
        var found: Set<String> = []
        for (room, files) in Dictionary(grouping: SourceTree.sources, by: \.room) {
            found.formUnion(Self.mutual(in: room, files.map { ($0.folder, Self.code(of: $0)) }))
        }
        let new = found.subtracting(Self.known).sorted()
        let gone = Self.known.subtracting(found).sorted()
        #expect(new.isEmpty, "folders that know each other both ways: \(new)")
        #expect(gone.isEmpty, "these do no more, take them off the list: \(gone)")
    }

    @Test func aCircleIsFound() {
        let files = [
            (folder: "A", code: "package struct First {\n    struct Inner {}\n    let second: Second\n}"),
            (folder: "B", code: "@MainActor final class Second {}\nextension First {}"),
            (folder: "C", code: "let first: First"),
        ]
        #expect(Self.mutual(in: "Room", files) == ["Room: A and B"])
    }
}
