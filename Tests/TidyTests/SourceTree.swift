import FoundationEssentials

/// One file of Swift, as it stands in the repository.
struct SourceFile: Sendable {
    /// From the repository's root: `Sources/Storage/Log/CommitLog+Cut.swift`.
    let path: String
    let text: String

    /// `Storage`
    var room: String { component(1) }

    /// The folder right below the room's, `Log`; empty for files that lie in the room itself.
    var folder: String { path.split(separator: "/").count > 3 ? component(2) : "" }

    /// The type that the file is of, by its name: `CommitLog`.
    var typeName: String {
        let name = path.split(separator: "/").last ?? ""
        return String(name.prefix { $0 != "+" && $0 != "." })
    }

    /// What `wc -l` says.
    var lineCount: Int { text.utf8.count { $0 == UInt8(ascii: "\n") } }

    private func component(_ index: Int) -> String {
        let parts = path.split(separator: "/")
        return index < parts.count ? String(parts[index]) : ""
    }
}

/// The repository that this test was built from.
enum SourceTree {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    /// All Swift files below `Sources`, by path.
    static let sources = swiftFiles(below: "Sources")
    static let tests = swiftFiles(below: "Tests")

    /// Names of all files of the repository that comments may cite, without their folders.
    static let citableNames: Set<String> = Set(
        ["Sources", "Tests", "docs", "scripts", "themes"].flatMap(paths).map {
            String($0.split(separator: "/").last ?? "")
        }
    )

    static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: "\(root)/\(path)") }

    private static func swiftFiles(below folder: String) -> [SourceFile] {
        paths(below: folder).filter { $0.hasSuffix(".swift") }.sorted().map { path in
            // A file that can't be read leaves its tests without lines; `everyFileIsRead` tells.
            let bytes = FileManager.default.contents(atPath: "\(root)/\(path)") ?? Data()
            return SourceFile(path: path, text: String(decoding: bytes, as: UTF8.self))
        }
    }

    private static func paths(below folder: String) -> [String] {
        let names = (try? FileManager.default.subpathsOfDirectory(atPath: "\(root)/\(folder)")) ?? []
        return names.map { "\(folder)/\($0)" }
    }
}
