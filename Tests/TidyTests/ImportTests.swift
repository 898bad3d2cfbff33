import Testing

/// Which modules a room may import: rooms above it (docs/architecture.md), and what it needs of the rest of the world.
@Suite struct ImportTests {
    private static let allowed: [String: Set<String>] = [
        "Model": ["Glibc", "FoundationEssentials"],
        "Storage": [
            "Model", "CLMDB", "CRocksDB", "CCRC32C", "Glibc", "Synchronization", "FoundationEssentials", "Crypto",
        ],
        "Routing": ["Model", "Glibc", "Yams", "Crypto"],
        "Replication": ["Model", "Storage", "Routing", "FoundationEssentials"],
        "Coordination": [
            "Model", "Storage", "Routing", "Replication", "Glibc", "Synchronization", "FoundationEssentials", "NIOCore",
            "NIOPosix", "NIOHTTP1", "NIOSSL", "AsyncHTTPClient",
        ],
        "Resharding": ["Model", "Storage", "Routing", "Replication"],
        "Server": [
            "Model", "Storage", "Routing", "Replication", "Resharding", "Glibc", "Synchronization", "NIOCore",
            "NIOPosix",
            "Logging", "Histogram",
        ],
        "Node": [
            "Model", "Storage", "Routing", "Replication", "Coordination", "Resharding", "Server", "Glibc",
            "Synchronization", "FoundationEssentials", "NIOCore", "NIOPosix", "Logging",
        ],
        "Operations": [
            "Model", "Storage", "Routing", "Replication", "Coordination", "Resharding", "Server", "Node", "Glibc",
            "Synchronization", "FoundationEssentials", "NIOCore", "NIOPosix", "Logging", "Histogram",
        ],
        "Terminal": ["CNcurses", "Glibc"],
        "Console": [
            "Model", "Storage", "Routing", "Resharding", "Server", "Node", "Operations", "Terminal", "Glibc",
            "Synchronization", "FoundationEssentials", "NIOCore",
        ],
        "shoal": [
            "Model", "Storage", "Routing", "Replication", "Coordination", "Resharding", "Server", "Node", "Operations",
            "Terminal", "Console", "Glibc", "Dispatch", "Synchronization", "FoundationEssentials", "NIOCore",
            "NIOPosix",
            "Logging", "ArgumentParser",
        ],
    ]

    /// The import statements of a file, by module.
    static func imports(_ file: SourceFile) -> [String] {
        file.text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard let place = words.firstIndex(of: "import"), place + 1 < words.count else { return nil }
            let access: Set<Substring> = ["package", "public", "internal", "private", "fileprivate"]
            guard words[..<place].allSatisfy({ $0.hasPrefix("@") || access.contains($0) }) else { return nil }
            let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "typealias", "func", "var", "let"]
            let name = kinds.contains(words[place + 1]) && place + 2 < words.count ? words[place + 2] : words[place + 1]
            return String(name.prefix { $0 != "." })
        }
    }

    @Test func aRoomImportsOnlyWhatItsListNames() {
        for file in SourceTree.sources {
            guard let allowed = Self.allowed[file.room] else {
                Issue.record("\(file.path): there is no list of imports for the room \(file.room)")
                continue
            }
            for name in Self.imports(file) {
                #expect(allowed.contains(name), "\(file.path) imports \(name), which \(file.room) may not")
            }
        }
    }

    @Test func theListNamesNothingThatNobodyImports() {
        for (room, allowed) in Self.allowed {
            let files = SourceTree.sources.filter { $0.room == room }
            guard !files.isEmpty else { continue }
            let unused = allowed.subtracting(files.flatMap(Self.imports))
            let rooms = Set(Self.allowed.keys)
            #expect(unused.subtracting(rooms).isEmpty, "\(room) may import \(unused.sorted()), and does not")
        }
    }

    @Test func importsAreFound() {
        let text =
            "import Glibc\npackage import Storage\nimport struct Foo.Bar\n@preconcurrency import NIO\n// import No\n"
        let file = SourceFile(path: "Sources/Room/File.swift", text: text)
        #expect(Self.imports(file) == ["Glibc", "Storage", "Foo", "NIO"])
    }

    @Test func everyFileIsRead() {
        #expect(SourceTree.sources.count > 300)
        #expect((SourceTree.sources + SourceTree.tests).allSatisfy { !$0.text.isEmpty })
    }
}
