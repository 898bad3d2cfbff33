import Console
import Model
import Server
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

    @Test(arguments: [(40, 10), (80, 24), (120, 40), (200, 60)])
    func lag(width: Int, height: Int) throws {
        var state = ConsoleFixture.state(width: width, height: height, shards: ConsoleFixture.replicatedShards)
        _ = state.press(.down, .character("]"))
        try compare(state, "lag-\(width)x\(height)")
    }

    @Test(arguments: [(40, 10), (80, 24), (120, 40), (200, 60)])
    func latency(width: Int, height: Int) throws {
        var state = ConsoleFixture.state(width: width, height: height)
        _ = state.press(.character("["))
        try compare(state, "latency-\(width)x\(height)")
    }

    @Test(arguments: [(40, 10), (80, 24), (120, 40), (200, 60)])
    func shardDetail(width: Int, height: Int) throws {
        var state = ConsoleFixture.state(width: width, height: height, shards: ConsoleFixture.replicatedShards)
        _ = state.press(.down, .enter)
        try compare(state, "shard-\(width)x\(height)")
    }

    @Test(arguments: [(40, 10), (80, 24), (120, 40), (200, 60)])
    func replicaDetail(width: Int, height: Int) throws {
        var state = ConsoleFixture.state(width: width, height: height, shards: ConsoleFixture.replicatedShards)
        _ = state.press(.down, .down, .down, .down, .enter)
        try compare(state, "replica-\(width)x\(height)")
    }

    @Test(arguments: [(40, 10), (80, 24), (120, 40), (200, 60)])
    func slots(width: Int, height: Int) throws {
        var state = ConsoleFixture.state(width: width, height: height)
        _ = state.press(.character("4"))
        _ = state.update(.slots(try ConsoleFixture.slots(["shard0", "shard1", "shard2"], unknown: ["shard2"])))
        _ = state.type(":slots 6000")
        _ = state.press(.enter)
        try compare(state, "slots-\(width)x\(height)")
    }

    @Test(arguments: ["keys", "ops"], [(40, 10), (80, 24), (120, 40), (200, 60)])
    func slotsHeat(shade: String, size: (Int, Int)) throws {
        var state = ConsoleFixture.state(width: size.0, height: size.1)
        _ = state.press(.character("4"))
        _ = state.update(.slots(try ConsoleFixture.slots(placement: .ring)))
        _ = state.type(":shade \(shade)")
        _ = state.press(.enter)
        try compare(state, "slots-\(shade)-\(size.0)x\(size.1)")
    }

    @Test(arguments: ReshardWizard.Step.allCases.prefix(6), [(40, 10), (80, 24), (120, 40), (200, 60)])
    func reshard(step: ReshardWizard.Step, size: (Int, Int)) throws {
        let state = try ReshardFixture.walked(to: step, width: size.0, height: size.1)
        #expect(state.reshard.wizard.step == step)
        try compare(state, "reshard-\(step)-\(size.0)x\(size.1)")
    }

    @Test(arguments: [ReshardJob.State.running, .paused, .done], [(40, 10), (80, 24), (120, 40), (200, 60)])
    func reshardJob(job: ReshardJob.State, size: (Int, Int)) throws {
        var state = ReshardFixture.state(width: size.0, height: size.1)
        _ = state.update(.reshard(.job(try ReshardFixture.job(done: 3))))
        _ = state.press(.character("R"))
        _ = state.update(.reshard(.job(try ReshardFixture.job(done: 7, state: job))))
        try compare(state, "reshard-\(job)-\(size.0)x\(size.1)")
    }

    @Test(arguments: [(40, 10), (80, 24), (120, 40), (200, 60)])
    func reshardOfShardsAndSlots(width: Int, height: Int) throws {
        var state = try ReshardFixture.opened(width: width, height: height)
        _ = state.press(.down, .enter, .down, .character(" "))
        try compare(state, "reshard-remove-\(width)x\(height)")
        _ = state.press(.escape, .down, .down, .down, .enter)
        _ = state.type("100-199,9000")
        try compare(state, "reshard-move-\(width)x\(height)")
    }

    @Test func smallReshard() throws {
        for step in ReshardWizard.Step.allCases.prefix(6) {
            let state = try ReshardFixture.walked(to: step, width: 60, height: 16)
            try compare(state, "reshard-\(step)-60x16", themes: ["mono"])
        }
    }

    @Test(arguments: [(40, 10), (80, 24), (120, 40), (200, 60)])
    func shardView(width: Int, height: Int) throws {
        var state = ConsoleFixture.state(width: width, height: height, shards: ConsoleFixture.replicatedShards)
        _ = state.press(.down, .enter, .down, .down, .character("]"))
        _ = state.update(.details(ConsoleFixture.details("127.0.0.2:8080")))
        try compare(state, "view-shard-\(width)x\(height)")
    }

    @Test(arguments: [(40, 10), (80, 24), (120, 40), (200, 60)])
    func nodeView(width: Int, height: Int) throws {
        var state = ConsoleFixture.state(width: width, height: height)
        _ = state.press(.down, .down, .enter)
        _ = state.update(.details(ConsoleFixture.details("127.0.0.2:8080")))
        try compare(state, "view-node-\(width)x\(height)")
    }

    @Test(arguments: [(40, 10), (80, 24), (120, 40), (200, 60)])
    func keys(width: Int, height: Int) throws {
        var state = ConsoleFixture.state(width: width, height: height)
        _ = state.press(.character("5"))
        _ = state.update(.keys(.page(KeysPage(number: 1, keys: ConsoleFixture.hostileKeys, isLast: false))))
        _ = state.press(.down, .down)
        try compare(state, "keys-\(width)x\(height)")
    }

    @Test(arguments: [(40, 10), (80, 24), (120, 40), (200, 60)])
    func deleteDialog(width: Int, height: Int) throws {
        var state = ConsoleFixture.state(width: width, height: height)
        _ = state.press(.character("5"))
        _ = state.update(.keys(.page(KeysPage(number: 1, keys: ConsoleFixture.hostileKeys, isLast: true))))
        _ = state.press(.character("d"))
        try compare(state, "delete-\(width)x\(height)")
        _ = state.type("user:1")
        try compare(state, "delete-typed-\(width)x\(height)")
        _ = state.press(.escape, .end, .up, .character("d"))
        _ = state.type("kkk")
        try compare(state, "delete-long-\(width)x\(height)")
    }

    @Test(arguments: KeysState.Form.allCases, [(40, 10), (80, 24), (120, 40), (200, 60)])
    func value(form: KeysState.Form, size: (Int, Int)) throws {
        var state = ConsoleFixture.state(width: size.0, height: size.1)
        _ = state.press(.character("5"))
        _ = state.update(.keys(.page(KeysPage(number: 1, keys: ConsoleFixture.hostileKeys, isLast: true))))
        _ = state.press(.enter)
        let json = #"{"name":"Ada \u001b[31m","tags":["a","b",{}],"born":1815,"漢字":null,"empty":[]}"#
        let value = KeyValue(
            key: ConsoleFixture.hostileKeys[0],
            value: form == .json ? Array(json.utf8) : Array("Ada\u{1B}[2J\nLove\u{202E}lace 漢字\n".utf8) + [0xFF, 0, 7],
            expiry: .milliseconds(61_000)
        )
        _ = state.update(.keys(.value(value)))
        _ = state.type(":form \(form.rawValue)")
        _ = state.press(.enter)
        try compare(state, "value-\(form.rawValue)-\(size.0)x\(size.1)")
    }

    @Test(arguments: [(40, 10), (80, 24), (120, 40), (200, 60)])
    func events(width: Int, height: Int) throws {
        var state = ConsoleFixture.state(
            width: width,
            height: height,
            options: ConsoleOptions(user: "ada@shore")
        )
        _ = state.type(":put user:1 Ada")
        let put = state.press(.enter)
        for case .keys(let command) in put { _ = state.update(.keys(.done(command))) }
        _ = state.type(":stop 127.0.0.22:8080")
        _ = state.press(.enter, .tab, .enter, .character("7"))
        try compare(state, "events-\(width)x\(height)")
    }

    @Test(arguments: [(40, 10), (80, 24), (120, 40), (200, 60)])
    func logs(width: Int, height: Int) throws {
        var state = ConsoleFixture.state(width: width, height: height, embedded: ["127.0.0.2:8080"])
        _ = state.update(.logs(ConsoleFixture.logs))
        _ = state.press(.character("8"))
        try compare(state, "logs-\(width)x\(height)")
    }

    @Test(arguments: [(40, 10), (80, 24), (120, 40), (200, 60)])
    func marked(width: Int, height: Int) throws {
        var state = ConsoleFixture.state(width: width, height: height)
        _ = state.press(.down, .character(" "), .down, .down, .character(" "))
        try compare(state, "marked-\(width)x\(height)")
        _ = state.press(.character("r"))
        try compare(state, "restart-\(width)x\(height)")
    }

    @Test(arguments: [(40, 10), (80, 24), (120, 40), (200, 60)])
    func help(width: Int, height: Int) throws {
        var state = ConsoleFixture.state(width: width, height: height)
        _ = state.press(.character("?"))
        try compare(state, "help-\(width)x\(height)")
    }

    @Test(arguments: [(40, 10), (80, 24), (120, 40), (200, 60)])
    func nodeDetail(width: Int, height: Int) throws {
        var state = ConsoleFixture.state(width: width, height: height)
        _ = state.press(.down, .down, .enter)
        try compare(state, "node-\(width)x\(height)")
    }

    @Test(arguments: [(40, 10), (80, 24), (120, 40), (200, 60)])
    func stopDialog(width: Int, height: Int) throws {
        var state = ConsoleFixture.state(width: width, height: height)
        _ = state.press(.down, .character("x"))
        try compare(state, "stop-\(width)x\(height)")
    }

    @Test(arguments: [(40, 10), (80, 24), (120, 40), (200, 60)])
    func commandLine(width: Int, height: Int) throws {
        var state = ConsoleFixture.state(width: width, height: height)
        _ = state.type(":st")
        try compare(state, "command-\(width)x\(height)")
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

    @Test func slotsInASCII() throws {
        var state = ConsoleFixture.state()
        _ = state.update(.display(.init(hasColors: false, isUnicode: false)))
        _ = state.press(.character("4"))
        _ = state.update(.slots(try ConsoleFixture.slots(placement: .modulo, ["shard0", "shard1", "shard2"])))
        let grid = ConsoleRenderer.render(
            state,
            width: 80,
            height: 24,
            theme: try ConsoleFixture.theme("mono"),
            glyphs: .ascii
        )
        #expect(grid.plainText.utf8.allSatisfy { $0 < 0x80 })
        try GoldenFile.compare(grid.plainText + "\n", "slots-ascii-80x24")
    }

    @Test(arguments: [(40, 10), (80, 24), (120, 40), (200, 60)])
    func firstSteps(width: Int, height: Int) throws {
        let nodes = ["127.0.0.2:8080", "127.0.0.22:8080"].map { ConsoleFixture.node($0, state: .unreachable) }
        let shards = [ConsoleFixture.shard(0, nodes: nodes)]
        try compare(
            ConsoleFixture.state(width: width, height: height, shards: shards),
            "first-steps-\(width)x\(height)"
        )
    }

    /// The text, and the styles of three themes.
    private func compare(
        _ state: ConsoleState,
        _ name: String,
        themes: [String] = ["dark", "light", "mono"]
    ) throws {
        var first: String?
        for theme in themes {
            let style = try ConsoleFixture.theme(theme)
            var state = state
            _ = state.update(.display(.init(hasColors: style.hasColors)))
            let grid = ConsoleRenderer.render(
                state,
                width: state.width,
                height: state.height,
                theme: style,
                glyphs: .unicode
            )
            // Without colours, glyphs tell what colours did.
            if grid.plainText != first {
                try GoldenFile.compare(grid.plainText + "\n", first == nil ? name : "\(name).\(theme).frame")
                first = first ?? grid.plainText
            }
            try GoldenFile.compare(GoldenFile.styles(of: grid), "\(name).\(theme)")
        }
    }
}
