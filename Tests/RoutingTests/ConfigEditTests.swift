import Foundation
import Model
import Routing
import Testing

@Suite struct ConfigEditTests {
    private static let three = """
        ! config.yaml
        # The cluster of the third floor.
        Cluster:
          Name: demo   # not prod!
          MinInSync: 1
        ---
        # The first one.
        Shard:
          Name: a
          Index: 0   # zero
          Address: 127.0.0.2:80
        ---
        Shard:
          Name: b
          Index: 1
          Address: 127.0.0.3:80
          # Replicas: [127.0.0.33:80]

        # ---- the east rack ----
        ---
        Shard: {Name: c, Index: 2, Address: "127.0.0.4:80"}   # flow

        """

    private static func shard(_ name: String, _ nodes: String...) throws -> ShardConfig {
        let nodes = try nodes.map { try NodeAddress($0) }
        return ShardConfig(name: name, index: 0, address: nodes[0], replicas: Array(nodes.dropFirst()))
    }

    private func edit(_ text: String, add: [ShardConfig] = [], remove: Set<String> = []) throws -> String {
        let edit = ConfigEdit(add: add, remove: remove)
        let result = try edit.apply(to: Array(text.utf8), file: "config.yaml")
        // Once more changes nothing.
        #expect(try edit.apply(to: result, file: "config.yaml") == result)
        return String(decoding: result, as: UTF8.self)
    }

    @Test func aNewShardComesToTheEnd() throws {
        let d = try Self.shard("d", "127.0.0.5:80", "127.0.0.55:80", "[::1]:81")
        let expected =
            Self.three + """
                ---
                Shard:
                  Name: d
                  Index: 3
                  Address: 127.0.0.5:80
                  Replicas: [127.0.0.55:80, "[::1]:81"]

                """
        #expect(try edit(Self.three, add: [d]) == expected)
    }

    @Test func aRemovedShardTakesItsDocumentAlongAndNothingElse() throws {
        let expected = """
            ! config.yaml
            # The cluster of the third floor.
            Cluster:
              Name: demo   # not prod!
              MinInSync: 1
            ---
            # The first one.
            Shard:
              Name: a
              Index: 0   # zero
              Address: 127.0.0.2:80

            # ---- the east rack ----
            ---
            Shard: {Name: c, Index: 1, Address: "127.0.0.4:80"}   # flow

            """
        #expect(try edit(Self.three, remove: ["b", "nobody"]) == expected)
    }

    @Test func whatNeitherComesNorGoesIsLeftAlone() throws {
        for text in [Self.three, Self.three + "\n\n# the end", "\u{FEFF}" + "Shard: {Name: a, Index: 0, Address: x:1}"]
        {
            #expect(try edit(text) == text)
            #expect(try edit(text, remove: ["nobody"]) == text)
        }
    }

    @Test func comingAndGoingAtOnce() throws {
        let text = try edit(Self.three, add: [try Self.shard("d", "127.0.0.5:80")], remove: ["a", "b"])
        let config = try ConfigParser.parse(text, file: "config.yaml")
        #expect(config.shardNames == ["c", "d"])
        #expect(config.name == "demo" && text.contains("# not prod!") && text.contains("east rack"))
        #expect(!text.contains("The first one"))
    }

    /// The order of the file is not that of the indexes.
    @Test func indexesKeepTheirOrder() throws {
        let text = """
            Shard: {Name: c, Index: 2, Address: x:3}
            ---
            Shard: {Name: a, Index: 0, Address: x:1}
            ---
            Shard: {Name: d, Index: 3, Address: x:4}
            ---
            Shard: {Name: b, Index: 1, Address: x:2}
            """
        let expected = """
            Shard: {Name: c, Index: 1, Address: x:3}
            ---
            Shard: {Name: d, Index: 2, Address: x:4}
            ---
            Shard: {Name: b, Index: 0, Address: x:2}
            """
        #expect(try edit(text, remove: ["a"]) == expected)
    }

    @Test func theFirstDocumentGoesAndTheHeadStays() throws {
        let text =
            "! config.yaml\n\n# head\nShard: {Name: a, Index: 0, Address: x:1}\n# tail\n---\n# b\nShard: {Name: b, Index: 1, Address: x:2}"
        let expected = "! config.yaml\n\n# head\n# tail\n# b\nShard: {Name: b, Index: 0, Address: x:2}"
        #expect(try edit(text, remove: ["a"]) == expected)
        let marked =
            "---\nShard: {Name: a, Index: 0, Address: x:1}\n--- {Shard: {Name: b, Index: 1, Address: x:2}}\n...\n"
        #expect(try edit(marked, remove: ["a"]) == "--- {Shard: {Name: b, Index: 0, Address: x:2}}\n...\n")
        #expect(try edit(marked, remove: ["b"]) == "---\nShard: {Name: a, Index: 0, Address: x:1}\n...\n")
    }

    @Test func severalInARowGo() throws {
        let text = (0..<5).map { "Shard:\n  Name: s\($0)\n  Index: \($0)\n  Address: x:\($0 + 1)\n" }.joined(
            separator: "---\n"
        )
        #expect(
            try edit(text, remove: ["s0", "s1", "s2"])
                == "---\nShard:\n  Name: s3\n  Index: 0\n  Address: x:4\n---\nShard:\n  Name: s4\n  Index: 1\n  Address: x:5\n"
        )
        #expect(try edit(text, remove: ["s1", "s2", "s3", "s4"]) == "Shard:\n  Name: s0\n  Index: 0\n  Address: x:1\n")
    }

    @Test func tenAndMoreAreCounted() throws {
        let text = (0..<12).map { "Shard: {Index: \($0), Name: s\($0), Address: x:\($0 + 1)}\n" }.joined(
            separator: "---\n"
        )
        let result = try edit(text, remove: ["s3"])
        #expect(result.contains("{Index: 9, Name: s10,") && result.contains("{Index: 10, Name: s11,"))
    }

    @Test func lineEndsStayAsTheyAre() throws {
        let text =
            "# é\r\nShard:\r\n  Name: a\r\n  Index: 0\r\n  Address: x:1\r\n---\r\nShard: {Name: b, Index: 1, Address: x:2}"
        let added = try edit(text, add: [try Self.shard("c", "x:3")])
        #expect(added == text + "\r\n---\r\nShard:\r\n  Name: c\r\n  Index: 2\r\n  Address: x:3\r\n")
        #expect(try edit(text, remove: ["a"]) == "# é\r\nShard: {Name: b, Index: 0, Address: x:2}")
        // Lone carriage returns end lines, too.
        let old = "Shard: {Name: a, Index: 0, Address: x:1}\r---\rShard: {Name: b, Index: 1, Address: x:2}\r"
        #expect(try edit(old, remove: ["a"]) == "Shard: {Name: b, Index: 0, Address: x:2}\r")
        // A file without any line break gets one before what comes.
        let bare = "Shard: {Name: a, Index: 0, Address: x:1}"
        #expect(try edit(bare, add: [try Self.shard("b", "x:2")]).hasPrefix(bare + "\n---\nShard:\n"))
    }

    /// Columns are counted in characters, not in bytes.
    @Test func charactersBeforeAnIndexDoNotMatter() throws {
        let text =
            "Shard: {Name: a, Index: 0, Address: x:1}\n---\nShard: {Name: \"b\", ? Index # é日本\n  : 1, Address: x:2}\n"
        #expect(try edit(text, remove: ["a"]).contains("  : 0, Address"))
        let wide =
            "Shard: {Name: a, Index: 0, Address: x:1}\n---\n{\"Shard\": {Name: b, \"\\u0049ndex\": 1, Address: x:2}}\n"
        #expect(try edit(wide, remove: ["a"]) == "{\"Shard\": {Name: b, \"\\u0049ndex\": 0, Address: x:2}}\n")
    }

    @Test func whatCannotBeChangedSafelyIsSaid() throws {
        for index in ["&one 1", "!!int 1", "!!str 1"] {
            let text =
                "Shard: {Name: a, Index: 0, Address: x:1}\n---\nShard: {Name: b, Index: \(index), Address: x:2}\n"
            let error = #expect(throws: ConfigError.self) { try edit(text, remove: ["a"]) }
            #expect(error?.description.contains("by hand") ?? false, "\(index)")
            #expect(error?.description.hasPrefix("config.yaml:3:") ?? false, "\(index)")
        }
    }

    @Test func theResultMustBeAConfig() throws {
        let text = "Cluster: {MinInSync: 2}\n---\nShard: {Name: a, Index: 0, Address: x:1, Replicas: [x:2]}\n"
        func fails(_ part: String, add: [ShardConfig] = [], remove: Set<String> = []) {
            let error = #expect(throws: ConfigError.self) { try edit(text, add: add, remove: remove) }
            #expect(error?.description.contains(part) ?? false, "\(error.map { "\($0)" } ?? "")")
        }
        fails("MinInSync 2 is more than the 1", add: [try Self.shard("b", "x:3")])
        fails("no Shard document", remove: ["a"])
        fails("already used", add: [try Self.shard("b", "x:3", "x:1")])
        fails("there already, with other nodes: x:1, x:2", add: [try Self.shard("a", "x:3")])
    }

    @Test func everyShardCanBeReplaced() throws {
        let text = "! t\n# head\nShard: {Name: a, Index: 0, Address: x:1}\n"
        let result = try edit(text, add: [try Self.shard("b", "x:2")], remove: ["a"])
        #expect(result == "! t\n# head\n---\nShard:\n  Name: b\n  Index: 0\n  Address: x:2\n")
    }

    @Test func aFileIsReplacedAsAWhole() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("config-edit-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("config.yaml")
        let link = folder.appendingPathComponent("link.yaml")
        try Self.three.write(to: file, atomically: false, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: file.path)
        try FileManager.default.createSymbolicLink(at: link, withDestinationURL: file)
        let edit = ConfigEdit(remove: ["b"])
        #expect(try edit.apply(toFile: link.path))
        #expect(try !edit.apply(toFile: link.path), "nothing is left to change")
        #expect(try ClusterConfig.load(file: file.path).shardNames == ["a", "c"])
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["config.yaml", "link.yaml"]
        )
        let mode = try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int
        #expect(mode == 0o640)
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link.path) == file.path)
        let before = try Data(contentsOf: file)
        #expect(throws: ConfigError.self) { try ConfigEdit(remove: ["a", "c"]).apply(toFile: file.path) }
        #expect(try Data(contentsOf: file) == before)
        #expect(throws: ConfigError.self) { try edit.apply(toFile: folder.path + "/none.yaml") }
    }
}
