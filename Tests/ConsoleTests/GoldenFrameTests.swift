import Console
import Terminal
import Testing

/// Whole frames, compared character by character with the files in Golden, and their styles with `NAME.THEME.txt`
/// beside them. `SHOAL_UPDATE_GOLDEN=1 swift test` writes them anew; read the difference before committing it.
@Suite struct GoldenFrameTests {
    @Test(arguments: [(40, 10), (80, 24), (120, 40), (200, 60)])
    func dashboard(width: Int, height: Int) throws {
        let state = ConsoleFixture.state(width: width, height: height)
        try compare(state, "dashboard-\(width)x\(height)")
    }

    @Test(arguments: [(80, 24), (120, 40)])
    func lag(width: Int, height: Int) throws {
        var state = ConsoleFixture.state(width: width, height: height, shards: ConsoleFixture.replicatedShards)
        _ = state.press(.down, .character("]"))
        try compare(state, "lag-\(width)x\(height)")
    }

    @Test func latency() throws {
        var state = ConsoleFixture.state()
        _ = state.press(.character("["))
        try compare(state, "latency-80x24")
    }

    @Test(arguments: [(80, 24), (120, 40)])
    func shardDetail(width: Int, height: Int) throws {
        var state = ConsoleFixture.state(width: width, height: height, shards: ConsoleFixture.replicatedShards)
        _ = state.press(.down, .enter)
        try compare(state, "shard-\(width)x\(height)")
    }

    @Test func replicaDetail() throws {
        var state = ConsoleFixture.state(shards: ConsoleFixture.replicatedShards)
        _ = state.press(.down, .down, .down, .down, .enter)
        try compare(state, "replica-80x24")
    }

    @Test func help() throws {
        var state = ConsoleFixture.state()
        _ = state.press(.character("?"))
        try compare(state, "help-80x24")
    }

    @Test func nodeDetail() throws {
        var state = ConsoleFixture.state()
        _ = state.press(.down, .down, .enter)
        try compare(state, "node-80x24")
    }

    @Test func stopDialog() throws {
        var state = ConsoleFixture.state()
        _ = state.press(.down, .character("x"))
        try compare(state, "stop-80x24")
    }

    @Test func commandLine() throws {
        var state = ConsoleFixture.state()
        _ = state.type(":st")
        try compare(state, "command-80x24")
    }

    @Test(arguments: GraphSet.allCases)
    func graphSets(set: GraphSet) throws {
        var state = ConsoleFixture.state(
            width: 120,
            options: ConsoleOptions(graphSet: set),
            shards: ConsoleFixture.replicatedShards
        )
        try compare(state, "graph-\(set.rawValue)-120x24")
        // Lines, which have marks.
        _ = state.press(.down, .character("]"), .character("z"), .character("z"))
        try compare(state, "graph-lag-\(set.rawValue)-120x24")
    }

    @Test func asciiOnly() throws {
        let state = ConsoleFixture.state()
        let grid = ConsoleRenderer.render(
            state,
            width: 80,
            height: 24,
            theme: try ConsoleFixture.theme("mono"),
            glyphs: .ascii
        )
        #expect(grid.plainText.utf8.allSatisfy { $0 < 0x80 })
        try GoldenFile.compare(grid.plainText + "\n", "ascii-80x24")
    }

    /// The text, and the styles of three themes.
    private func compare(_ state: ConsoleState, _ name: String) throws {
        for theme in ["dark", "light", "mono"] {
            let grid = ConsoleRenderer.render(
                state,
                width: state.width,
                height: state.height,
                theme: try ConsoleFixture.theme(theme),
                glyphs: .unicode
            )
            if theme == "dark" { try GoldenFile.compare(grid.plainText + "\n", name) }
            try GoldenFile.compare(GoldenFile.styles(of: grid), "\(name).\(theme)")
        }
    }
}
