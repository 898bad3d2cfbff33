import Console
import Model
import Resharding
import Server
import Terminal
import Testing

@Suite struct ConsoleFuzzTests {
    private static let keys: [Key] =
        [
            .up, .down, .left, .right, .home, .end, .pageUp, .pageDown, .enter, .escape, .tab, .backTab, .backspace,
            .delete, .insert, .function(1), .ctrl("c"), .ctrl("l"), .ctrl("u"), .ctrl("w"),
        ]
        + " :/?<>+-[]zZIqsxotpyjkhlgGstopharfe0012233344445555666677778889RRRdduuvveenrr\u{1B}é漢".unicodeScalars.map {
            .character($0)
        }

    private static let hostile = [
        "\u{1B}[2J\u{1B}]0;owned\u{7}", "漢字漢字漢字漢字漢字漢字漢字", "e\u{301}\u{301}\u{301}", "\u{202E}abc", "%s%n%x",
        String(repeating: "x", count: 5_000), "", "\n\r\t", "👩‍👩‍👧‍👦",
    ]

    @Test func anyKeysSizesAndStatusesDrawSomething() throws {
        var random = SplitMix(seed: 0x5EED)
        var state = ConsoleFixture.state(options: ConsoleOptions(canReshard: true), canCopy: true)
        let themes = try [ConsoleFixture.theme("dark"), ConsoleFixture.theme("mono")]
        var clock = ConsoleFixture.clock
        for step in 0..<100_000 {
            switch random.next(100) {
            case 0..<80: _ = state.update(.key(Self.keys[random.next(Self.keys.count)]))
            case 80 where random.next(3) == 0: _ = state.update(.mouse(mouse(&random, state)))
            case 81 where random.next(20) == 0: _ = state.update(.mouseMode(random.next(4) == 0 ? .off : .on))
            case 80..<86:
                _ = state.update(.resized(width: 1 + random.next(300), height: 1 + random.next(100)))
            case 86..<90:
                clock.milliseconds += random.next(3_000)
                clock.unixSeconds += 1
                _ = state.update(.tick(clock))
            case 90..<96: _ = state.update(.snapshot(snapshot(&random, at: clock.milliseconds)))
            case 96:
                let names = (0..<1 + random.next(12)).map { "shard\($0)" }
                let policy = PlacementPolicy.allCases[random.next(3)]
                _ = state.update(.slots(try ConsoleFixture.slots(placement: policy, names, unknown: ["shard1"])))
            case 97 where random.next(2) == 0: _ = state.update(.reshard(try reshardEvent(&random)))
            case 98 where random.next(2) == 0: _ = state.update(viewEvent(&random, state))
            case 97:
                _ = state.update(.display(.init(hasColors: random.next(2) == 0, isUnicode: random.next(2) == 0)))
            case 98:
                let text = Self.hostile[random.next(Self.hostile.count)]
                _ = state.update(.clusterEvents([.init(unixSeconds: step, severity: .error, text: text)]))
            default: _ = state.update(.paste(Self.hostile[random.next(Self.hostile.count)]))
            }
            // Every state is reached; drawing each would only take longer.
            guard step % 10 == 0 else { continue }
            let grid = ConsoleRenderer.render(
                state,
                width: state.width,
                height: state.height,
                theme: themes[step / 10 % 2],
                glyphs: random.next(2) == 0 ? .unicode : .ascii
            )
            #expect(grid.width == state.width && grid.height == state.height)
            if !state.isTooSmall { check(grid, step) }
        }
    }

    /// The frame's edges are whole: nothing was drawn over them but the dialog, the hints and the title.
    private func check(_ grid: CellGrid, _ step: Int) {
        let edges: Set<Unicode.Scalar> = ["│", "├", "┤", "┌", "┐", "└", "┘", "|", "+"]
        for y in [1, grid.height - 1] {
            #expect(edges.contains(grid[0, y].scalar), "step \(step), line \(y)")
            #expect(edges.contains(grid[grid.width - 1, y].scalar), "step \(step), line \(y)")
        }
    }

    @Test func everySizeDrawsEveryScreen() throws {
        let wizards = try ReshardWizard.Step.allCases.prefix(6).map { try ReshardFixture.walked(to: $0) }
        let plain = ReshardFixture.state()
        let starts =
            ["", "?", "x", ":s", "/sh", "]", "4", "4]", "4\t", "6", "2", "3", "5", "7", "8", " ", "r"].map {
                (plain, $0)
            } + wizards.map { ($0, "") }
        for (start, overlay) in starts {
            var state = start
            _ = state.update(.slots(try ConsoleFixture.slots()))
            for scalar in overlay.unicodeScalars { _ = state.press(scalar == "\t" ? .tab : .character(scalar)) }
            for width in stride(from: 1, through: 300, by: 7) {
                for height in [1, 2, 5, 9, 10, 11, 13, 14, 19, 20, 21, 29, 30, 45, 100] {
                    let grid = try ConsoleFixture.frame(state, width: width, height: height)
                    #expect(grid.width == width && grid.height == height)
                }
            }
        }
    }

    @Test func hostileNamesAreShownAndMoveNothing() throws {
        for name in Self.hostile where !name.isEmpty {
            var node = ConsoleFixture.node(name, state: .failed, message: name)
            node.shard = name
            var shard = ConsoleFixture.shard(0, nodes: [node])
            shard.name = name
            var state = ConsoleFixture.state(shards: [shard])
            _ = state.update(.clusterEvents([.init(unixSeconds: 0, severity: .info, text: name)]))
            _ = state.press(.down, .down)
            for keys: [Key] in [[], [.enter], [.escape, .character("x")], [.escape, .character(":")]] {
                for key in keys { _ = state.press(key) }
                let grid = try ConsoleFixture.frame(state)
                for y in 0..<24 {
                    #expect(SafeText.width(grid.text(y)) == 80)
                    #expect(grid.text(y).unicodeScalars.allSatisfy(SafeText.isPlain))
                }
            }
        }
    }

    /// Answers, also late and unwanted ones, to what the views ask for.
    private func viewEvent(_ random: inout SplitMix, _ state: ConsoleState) -> ConsoleEvent {
        let keys = ConsoleFixture.hostileKeys
        let key = keys[random.next(keys.count)]
        switch random.next(7) {
        case 0, 1:
            let page = KeysPage(number: state.keys.number - random.next(2), keys: keys, isLast: random.next(2) == 0)
            return .keys(.page(page))
        case 2, 3:
            let value = random.next(4) == 0 ? nil : keys[random.next(keys.count)]
            return .keys(.value(KeyValue(key: state.keys.opened ?? key, value: value, expiry: .never)))
        case 4: return .keys(.done(.delete(key)))
        case 5:
            return .keys(.failed(.read(state.keys.opened ?? key), Self.hostile[random.next(Self.hostile.count)]))
        default: return .logs(ConsoleFixture.logs)
        }
    }

    /// Mostly on the screen, sometimes anywhere.
    private func mouse(_ random: inout SplitMix, _ state: ConsoleState) -> MouseEvent {
        let kinds: [MouseEvent.Kind] = [.press, .press, .wheelUp, .wheelDown]
        let isOnScreen = random.next(10) > 0
        let x = isOnScreen ? random.next(state.width) : random.next(Int.max) - random.next(Int.max)
        let y = isOnScreen ? random.next(state.height) : random.next(Int.max) - random.next(Int.max)
        return MouseEvent(kinds[random.next(kinds.count)], x: x, y: y)
    }

    private func reshardEvent(_ random: inout SplitMix) throws -> ReshardEvent {
        switch random.next(8) {
        case 0, 1:
            let names = (0..<1 + random.next(30)).map { "shard\($0)" }
            let policy = PlacementPolicy.allCases[random.next(3)]
            return .ground(try ReshardFixture.ground(names, placement: policy, counted: random.next(2) == 0))
        case 2: return .started(job: "x")
        case 5: return .starting(Self.hostile[random.next(Self.hostile.count)])
        case 6: return .unavailable(random.next(2) == 0 ? nil : Self.hostile[random.next(Self.hostile.count)])
        case 3: return .refused(Self.hostile[random.next(Self.hostile.count)])
        case 4:
            let check = ReshardRequest.NewNode(shard: "shard2", address: ReshardFixture.address("127.0.0.4:8080"))
            return .checked(
                check,
                .init(isGood: random.next(2) == 0, text: Self.hostile[random.next(Self.hostile.count)])
            )
        default:
            let states: [ReshardJob.State] = [.running, .paused, .cancelling, .done]
            return .job(try ReshardFixture.job(done: random.next(8), state: states[random.next(4)]))
        }
    }

    private func leadership(_ random: inout SplitMix) -> NodeStatus.Leadership {
        NodeStatus.Leadership(
            term: UInt64(random.next(1 << 60)),
            leader: Self.hostile[random.next(Self.hostile.count)],
            leaseMilliseconds: UInt64(random.next(1 << 60)),
            members: (0..<random.next(4)).map { _ in
                let text = Self.hostile[random.next(Self.hostile.count)]
                return .init(address: text, inSync: random.next(2) == 0, blocker: text)
            }
        )
    }

    private func changes(_ random: inout SplitMix) -> [NodeStatus.Change] {
        (0..<random.next(5)).map { number in
            .init(
                number: number,
                time: random.next(2_000_000_000),
                gravity: .loss,
                text: Self.hostile[random.next(Self.hostile.count)]
            )
        }
    }

    private func snapshot(_ random: inout SplitMix, at milliseconds: Int) -> ClusterSnapshot {
        let states: [NodeStatus.State] = [.starting, .running, .syncing, .stopped, .unreachable, .failed]
        let shards = (0..<random.next(6)).map { index in
            var shard = ConsoleFixture.shard(
                index,
                nodes: (0..<random.next(5)).map { place in
                    var node = ConsoleFixture.node(
                        random.next(20) == 0
                            ? Self.hostile[random.next(Self.hostile.count)] : "10.0.\(index).\(place):1",
                        shard: "shard\(index)",
                        state: states[random.next(6)],
                        message: random.next(3) == 0 ? Self.hostile[random.next(Self.hostile.count)] : ""
                    )
                    node.opsPerSecond = .init(read: random.next(1 << 40), write: random.next(100))
                    node.lag.milliseconds = random.next(1 << 50)
                    node.latencyMicroseconds.write.p99 = random.next(1 << 50)
                    node.role = random.next(3) == 0 ? .leader : .replica
                    node.leadership = random.next(2) == 0 ? nil : leadership(&random)
                    node.changes = random.next(2) == 0 ? nil : changes(&random)
                    return node
                }
            )
            shard.keys = random.next(1 << 58)
            shard.bytes = random.next(1 << 58)
            return shard
        }
        return ConsoleFixture.snapshot(
            shards,
            at: milliseconds,
            environment: ClusterSnapshot.Environment.allCases[random.next(3)],
            demo: random.next(4) == 0 ? ["10.0.0.0:1"] : []
        )
    }
}

/// A seeded generator, so that a failing step comes back.
struct SplitMix {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next(_ bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ (mixed >> 31)) % UInt64(max(1, bound)))
    }
}
