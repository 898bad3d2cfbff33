import Console
import Glibc
import Model
import Routing
import Terminal
import Testing

/// The page before the console, and the first steps on a dashboard that has nothing to show.
@Suite struct FirstMinutesTests {
    private static let text = """
        Shard:
          Name: shard0
          Index: 0
          Adress: 127.0.0.2:8080
          # \u{1B}[31m

        """

    private static let problems = [
        ConfigError.Problem(file: "config.yaml", line: 4, message: "unknown field 'Adress'; did you mean Address?"),
        ConfigError.Problem(file: "config.yaml", line: 1, message: "shard0 has no Address"),
    ]

    private func missing(isReadOnly: Bool = false) -> FirstMinutes {
        FirstMinutes(file: "config.yaml", isReadOnly: isReadOnly, finding: .missing)
    }

    private func broken() -> FirstMinutes {
        FirstMinutes(
            file: "config.yaml",
            isReadOnly: false,
            finding: .broken(Self.problems, text: Array(Self.text.utf8))
        )
    }

    // MARK: Keys

    @Test(arguments: [Key.character("w"), .enter]) func aMissingConfigIsWrittenAndOpened(key: Key) {
        var state = missing()
        #expect(state.update(.key(key)) == [.write])
        #expect(state.update(.written(problem: nil)) == [.look])
        #expect(state.update(.found(.fine)) == [.open])
    }

    @Test func whyItCouldNotBeWrittenIsSaid() throws {
        var state = missing()
        #expect(state.update(.written(problem: "can't create config.yaml: Permission denied")) == [])
        #expect(try text(of: state).contains("Permission denied"))
    }

    @Test func whoOnlyLooksWritesNothing() throws {
        var state = missing(isReadOnly: true)
        #expect(state.update(.key(.character("w"))) == [])
        #expect(state.update(.key(.enter)) == [])
        #expect(state.update(.key(.character("q"))) == [.quit])
        #expect(try !text(of: state).contains("write it"))
    }

    @Test func aConfigThatCameRightIsOpened() {
        var state = broken()
        #expect(state.update(.key(.character("r"))) == [.look])
        #expect(state.update(.found(.broken([Self.problems[1]], text: []))) == [])
        #expect(state.finding == .broken([Self.problems[1]], text: []))
        #expect(state.update(.found(.fine)) == [.open])
        #expect(state.update(.key(.character("w"))) == [], "what is there is not written over")
    }

    @Test func problemsAreShownInTurn() throws {
        var state = broken()
        #expect(try text(of: state).contains("config.yaml:4: unknown field"))
        #expect(try text(of: state).contains("▶4    Adress"))
        #expect(state.update(.key(.tab)) == [])
        #expect(try text(of: state).contains("config.yaml:1: shard0 has no Address"))
        #expect(state.update(.key(.tab)) == [])
        #expect(try text(of: state).contains("problem 1 of 2"))
    }

    /// Nothing that stands in a file reaches the terminal as it is.
    @Test func theFileIsShownSafely() throws {
        let shown = try text(of: broken())
        #expect(shown.contains(#"\x1b[31m"#))
        #expect(!shown.unicodeScalars.contains("\u{1B}"))
    }

    /// However long a path is, the line that is meant can be seen.
    @Test func aLongPathLeavesRoomForTheLine() throws {
        let file = String(repeating: "/folder", count: 12) + "/config.yaml"
        let problem = ConfigError.Problem(file: file, line: 2, message: "unknown field 'Adress'; did you mean Address?")
        let text = Array("Shard:\n  Adress: 1\n".utf8)
        let state = FirstMinutes(file: file, isReadOnly: false, finding: .broken([problem], text: text))
        let shown = try frame(state, width: 40, height: 10).plainText
        #expect(shown.contains("…/config.yaml:2: unknown field") && shown.contains("▶2    Adress: 1"), "\(shown)")
    }

    @Test func anySizeIsDrawn() throws {
        for (width, height) in [(0, 0), (1, 1), (2, 2), (5, 3), (300, 100)] {
            for state in [missing(), broken()] {
                let grid = try frame(state, width: width, height: height)
                #expect(grid.width == width && grid.height == height)
            }
        }
        var state = missing()
        for _ in 0..<50 { _ = state.update(.key(.down)) }
        #expect(try text(of: state).contains("127.0.0.33:8080"))
    }

    // MARK: The example

    @Test func theExampleIsTheRepositorysConfig() throws {
        let path = "\(#filePath.dropLast("Tests/ConsoleTests/FirstMinutesTests.swift".count))config.yaml"
        #expect(try Array(ExampleConfig.text.utf8) == ClusterConfig.readBytes(of: path))
        let config = try ConfigParser.parse(Array(ExampleConfig.text.utf8), file: "config.yaml")
        #expect(config.allNodes.count == 4)
    }

    // MARK: First steps

    @Test func nothingRuns() throws {
        let nodes = ["127.0.0.2:8080", "127.0.0.22:8080"].map { ConsoleFixture.node($0, state: .unreachable) }
        var state = ConsoleFixture.state(shards: [ConsoleFixture.shard(0, nodes: nodes)])
        let steps = state.firstSteps?.joined(separator: "\n") ?? ""
        #expect(steps.contains("Press s") && steps.contains("shoal node --shard shard0 --http-address 127.0.0.2:8080"))
        state = ConsoleFixture.state(
            options: ConsoleOptions(isReadOnly: true),
            shards: [ConsoleFixture.shard(0, nodes: nodes)]
        )
        #expect(state.firstSteps?.joined().contains("Press s") == false)
    }

    /// A command that is cut short would be typed as it stands.
    @Test(arguments: [false, true]) func theSmallestScreenCutsNoStep(isReadOnly: Bool) throws {
        let options = ConsoleOptions(isReadOnly: isReadOnly)
        let node = ConsoleFixture.node("127.0.0.2:8080", state: .unreachable)
        let stopped = ConsoleFixture.state(options: options, shards: [ConsoleFixture.shard(0, nodes: [node])])
        #expect(stopped.firstSteps?.contains { $0.contains("shoal console --start") } == true)
        for var state in [stopped, Self.emptyState(options)] {
            _ = state.update(.resized(width: 40, height: 10))
            let step = try #require(state.shortFirstStep)
            let grid = ConsoleRenderer.render(
                state,
                width: 40,
                height: 10,
                theme: try ConsoleFixture.theme("dark"),
                glyphs: .unicode
            )
            #expect(grid.plainText.contains(step), "\(step)")
        }
        #expect(Self.emptyState().shortFirstStep?.contains(":put user:1 Ada") == true)
    }

    /// `--start`: that nothing runs yet is what was to be expected.
    @Test func nodesThatStartByThemselvesHaveTheirTime() throws {
        let shard = ConsoleFixture.shard(0, nodes: [ConsoleFixture.node("127.0.0.2:8080", state: .stopped)])
        var state = ConsoleState(options: ConsoleOptions(startsNodes: true), themeNames: ["dark"])
        var clock = ConsoleFixture.clock
        _ = state.update(.tick(clock))
        _ = state.update(.snapshot(ConsoleFixture.snapshot([shard], at: clock.milliseconds)))
        #expect(state.firstSteps == nil)
        clock.milliseconds += 6_000
        _ = state.update(.tick(clock))
        #expect(state.firstSteps != nil)
    }

    @Test func nothingIsStored() throws {
        let state = Self.emptyState()
        let steps = state.firstSteps?.joined(separator: "\n") ?? ""
        #expect(steps.contains(":put user:1 Ada") && steps.contains("redis-cli -c -h 127.0.0.2 -p 8080 set user:1 Ada"))
    }

    /// What is to be typed in a shell is about this cluster.
    @Test func shellCommandsNameTheConfigAndTheFolder() throws {
        let options = ConsoleOptions(isReadOnly: true, configFile: "it's mine.yaml", dataDirectory: "/tmp/d")
        let node = ConsoleFixture.node("127.0.0.2:8080", state: .unreachable)
        var state = ConsoleFixture.state(options: options, shards: [ConsoleFixture.shard(0, nodes: [node])])
        let steps = state.firstSteps ?? []
        let command = #"shoal console --config-file 'it'\''s mine.yaml' --data-dir /tmp/d --start"#
        #expect(steps.contains { $0.hasSuffix(command) })
        #expect(!steps.contains { $0.contains("shoal node") }, "its data would be elsewhere")
        _ = state.update(.resized(width: 40, height: 10))
        #expect(state.shortFirstStep == steps.first, "not cut")
        // However long they are, what to press stays.
        let far = ConsoleOptions(configFile: String(repeating: "/folder", count: 40))
        let long = ConsoleFixture.state(options: far, shards: [ConsoleFixture.shard(0, nodes: [node])])
        #expect(try ConsoleFixture.frame(long).plainText.contains("Press s to start them in this console"))
        var empty = Self.emptyState(ConsoleOptions(isReadOnly: true))
        _ = empty.update(.resized(width: 40, height: 10))
        #expect(empty.shortFirstStep == "From a shell: shoal put user:1 Ada")
    }

    @Test func whereThereIsSomethingToSeeNothingIsTaught() throws {
        #expect(ConsoleFixture.state().firstSteps == nil)
        let failed = ConsoleFixture.node("127.0.0.2:8080", state: .failed, message: "the disk is gone")
        #expect(ConsoleFixture.state(shards: [ConsoleFixture.shard(0, nodes: [failed])]).firstSteps == nil)
        var state = Self.emptyState()
        _ = state.press(.character("4"))
        #expect(state.firstSteps == nil)
    }

    /// Nobody reads or writes.
    private static func emptyState(_ options: ConsoleOptions = ConsoleOptions()) -> ConsoleState {
        var state = ConsoleFixture.state(options: options, shards: [emptyShard])
        var clock = ConsoleFixture.clock
        clock.milliseconds += 2_000
        _ = state.update(.tick(clock))
        _ = state.update(.snapshot(ConsoleFixture.snapshot([emptyShard], at: clock.milliseconds)))
        return state
    }

    private static var emptyShard: ClusterStatus.Shard {
        var node = ConsoleFixture.node("127.0.0.2:8080")
        (node.keys, node.bytes, node.opsPerSecond) = (0, 0, .init())
        var shard = ConsoleFixture.shard(0, nodes: [node])
        (shard.keys, shard.bytes) = (0, 0)
        return shard
    }

    // MARK: Frames

    @Test(arguments: [(40, 10), (80, 24), (120, 40), (200, 60)]) func frames(width: Int, height: Int) throws {
        for (state, name) in [(missing(), "missing"), (broken(), "broken")] {
            for theme in ["dark", "light", "mono"] {
                let grid = try frame(state, width: width, height: height, theme: theme)
                let file = "first-\(name)-\(width)x\(height)"
                if theme == "dark" { try GoldenFile.compare(grid.plainText + "\n", file) }
                try GoldenFile.compare(GoldenFile.styles(of: grid), "\(file).\(theme)")
            }
        }
    }

    private func text(of state: FirstMinutes) throws -> String { try frame(state, width: 80, height: 24).plainText }

    private func frame(_ state: FirstMinutes, width: Int, height: Int, theme: String = "dark") throws -> CellGrid {
        FirstMinutesRenderer.render(
            state,
            width: width,
            height: height,
            theme: try ConsoleFixture.theme(theme),
            glyphs: .unicode
        )
    }
}
