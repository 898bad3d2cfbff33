import Console
import Model
import Server
import Terminal
import Testing

/// What a click or the wheel does is found by what is drawn: a test looks for the text on the frame and clicks there.
@Suite struct MouseTests {
    private func mouseOn(_ state: ConsoleState) -> ConsoleState {
        var state = state
        _ = state.update(.mouseMode(.on))
        return state
    }

    /// The first cell of a text on the screen.
    private func place(of text: String, in state: ConsoleState) throws -> (x: Int, y: Int) {
        let grid = try ConsoleFixture.frame(state)
        let wanted = Array(text.unicodeScalars)
        for y in 0..<grid.height {
            for x in 0..<max(0, grid.width - wanted.count + 1)
            where wanted.indices.allSatisfy({ grid[x + $0, y].scalar == wanted[$0] }) { return (x, y) }
        }
        Issue.record("no \"\(text)\" on the screen:\n\(grid.plainText)")
        return (0, 0)
    }

    private func click(_ text: String, _ state: inout ConsoleState) throws -> [ConsoleAction] {
        let (x, y) = try place(of: text, in: state)
        return state.update(.mouse(MouseEvent(.press, x: x, y: y)))
    }

    private func wheel(_ kind: MouseEvent.Kind, over text: String, _ state: inout ConsoleState) throws
        -> [ConsoleAction]
    {
        let (x, y) = try place(of: text, in: state)
        return state.update(.mouse(MouseEvent(kind, x: x, y: y)))
    }

    @Test func itIsOffUntilItIsAskedFor() throws {
        var state = ConsoleFixture.state()
        #expect(try click("127.0.0.22:8080", &state) == [])
        #expect(state.list.selection == .cluster)
        _ = state.type(":mouse on")
        #expect(state.press(.enter) == [.useMouse(true)])
        // Nothing is claimed before the terminal has said so.
        #expect(!state.mouse.isOn && state.notice == nil)
        _ = state.update(.mouseMode(.on))
        #expect(state.mouse.isOn && state.notice?.text.hasPrefix("the mouse is on") == true)
        _ = state.type(":mouse")
        #expect(state.press(.enter) == [.useMouse(false)])
        _ = state.update(.mouseMode(.off))
        #expect(!state.mouse.isOn && state.notice?.text == "the mouse is off")
        _ = state.type(":mouse sometimes")
        #expect(state.press(.enter) == [] && state.notice?.text == "mouse takes on or off")
    }

    @Test func aTerminalWithoutOneIsToldSo() {
        var state = ConsoleFixture.state(options: ConsoleOptions(terminal: "vt100"))
        _ = state.type(":mouse on")
        _ = state.press(.enter)
        _ = state.update(.mouseMode(.missing))
        #expect(!state.mouse.isOn && state.notice?.text == "this terminal has no mouse (TERM=vt100)")
        // The action is for the next terminal.
        #expect(state.settings.isMouseOn == true)
    }

    @Test func aClickSelectsARowAndASecondOneOpensIt() throws {
        var state = mouseOn(ConsoleFixture.state())
        #expect(try click("127.0.0.22:8080", &state) == [])
        #expect(state.list.selection == .node("127.0.0.22:8080") && state.view == .dashboard)
        #expect(try click("127.0.0.22:8080", &state) == [.watchNode("127.0.0.22:8080")])
        #expect(state.view == .node && state.list.detail == .node("127.0.0.22:8080"))
    }

    @Test func panelsTakeTheKeyboardAndTheWheelScrollsThem() throws {
        var state = mouseOn(ConsoleFixture.state())
        _ = try click("Events", &state)
        #expect(state.focus == .events)
        _ = try click("Requests per second", &state)
        #expect(state.focus == .graph)
        // The wheel moves what is under it, not what has the keyboard.
        _ = try wheel(.wheelDown, over: "shard1", &state)
        #expect(state.list.selection == .node("127.0.0.22:8080") && state.focus == .graph)
        _ = try wheel(.wheelUp, over: "shard1", &state)
        #expect(state.list.selection == .cluster)
        let before = try ConsoleFixture.frame(state).plainText
        _ = try wheel(.wheelUp, over: "127.0.0.33:8080 is behind", &state)
        #expect(try ConsoleFixture.frame(state).plainText != before)
        // A click on a row brings the keyboard back; it was selected, but not where the keyboard was.
        _ = try click("cluster demo", &state)
        #expect(state.focus == .table && state.view == .dashboard && state.list.detail == nil)
    }

    @Test func hintsAreKeys() throws {
        var state = mouseOn(ConsoleFixture.state())
        _ = try click("? help", &state)
        #expect(state.overlay == .help(top: 0))
        _ = try wheel(.wheelDown, over: ":switchover", &state)
        #expect(state.overlay == .help(top: 3))
        for _ in 0..<99 { _ = try wheel(.wheelDown, over: "Keys and commands", &state) }
        // At the end there is nothing to turn back from.
        let end = try ConsoleFixture.frame(state).plainText
        #expect(end.contains("that is all"))
        _ = try wheel(.wheelUp, over: "that is all", &state)
        #expect(try ConsoleFixture.frame(state).plainText != end)
        _ = try click("Esc closes", &state)
        #expect(state.overlay == .none)
    }

    @Test func everyHintHasAKeyThatAClickPresses() throws {
        for keys in ["", "2", "3", "4", "5", "7", "8", "\t", "\t\t"] {
            var state = mouseOn(ConsoleFixture.state(width: 200, canCopy: true))
            for key in keys.unicodeScalars { _ = state.press(key == "\t" ? .tab : .character(key)) }
            // Until no notice stands in the hints' place.
            let later = ConsoleClock(milliseconds: 900_000, unixSeconds: 1_700_000_400, utcOffsetSeconds: 0)
            _ = state.update(.tick(later))
            #expect(!state.hints.isEmpty)
            for hint in state.hints { #expect(Key(name: hint.key) != nil, "\(hint.key)") }
            let (x, y) = try place(of: "? help", in: state)
            #expect(state.target(x: x, y: y) == .hint(.character("?")), "after \(keys)")
        }
    }

    @Test func buttonsOfAQuestionAreClicked() throws {
        var state = mouseOn(ConsoleFixture.state())
        _ = state.press(.down, .character("x"))
        // Beside the buttons nothing happens.
        #expect(try click("Until they start", &state) == [])
        #expect(try click("s start", &state) == [])
        guard case .confirm(let dialog) = state.overlay else { throw MouseFailure() }
        #expect(!dialog.isConfirmFocused)
        #expect(try click("[ Cancel ]", &state) == [] && state.overlay == .none)
        _ = state.press(.character("x"))
        #expect(try click("[ Stop ]", &state) == [.stop(["127.0.0.2:8080", "127.0.0.22:8080"])])
        #expect(state.overlay == .none)
    }

    @Test func keysAreSelectedOpenedAndScrolled() throws {
        var state = mouseOn(ConsoleFixture.state(width: 120, height: 40))
        _ = state.press(.character("5"))
        let keys = (0..<300).map { Array("user:\($0)".utf8) }
        _ = state.update(.keys(.page(KeysPage(number: 1, keys: keys, isLast: false))))
        #expect(try click("user:3 ", &state) == [])
        #expect(state.keys.selected == 3)
        #expect(try click("user:3 ", &state) == [.keys(.read(keys[3]))])
        let value = (0..<200).map { "line \($0)\n" }.joined()
        _ = state.update(.keys(.value(KeyValue(key: keys[3], value: Array(value.utf8), expiry: .never))))
        _ = try wheel(.wheelDown, over: "line 5", &state)
        #expect(try ConsoleFixture.frame(state).plainText.contains("lines 4-"))
        // The list runs on while a value is open, and another key is opened at once.
        let (x, y) = try place(of: "user:4 ", in: state)
        _ = state.update(.mouse(MouseEvent(.wheelDown, x: x, y: y)))
        #expect(state.keys.selected == 6 && state.keys.opened == keys[3])
        for _ in 0..<110 { _ = state.update(.mouse(MouseEvent(.wheelDown, x: x, y: y))) }
        #expect(state.keys.askedAt != nil)
        let last = try #require(state.keys.keys.last)
        #expect(try click("user:299", &state) == [.keys(.read(last))])
    }

    @Test(arguments: [(80, 24), (120, 40)])
    func slotsAreChosen(width: Int, height: Int) throws {
        var state = mouseOn(ConsoleFixture.state(width: width, height: height))
        _ = state.press(.character("4"))
        _ = state.update(.slots(try ConsoleFixture.slots()))
        let (x, y) = try place(of: "│", in: state)
        #expect(state.target(x: x, y: y) == .nothing)
        let slots = (0..<height).flatMap { y in
            (0..<width).compactMap { x -> Int? in
                if case .slot(let slot) = state.target(x: x, y: y) { slot } else { nil }
            }
        }
        // Every cell is another place, from the first slot on.
        #expect(slots.first == 0 && slots == slots.sorted() && Set(slots).count == slots.count && slots.count > 500)
        _ = try click("shard1", &state)
        #expect(state.slots.shard == "shard1" && state.slots.panel == .shards)
        // The other name is in the legend only: title and cursor tell of the chosen one.
        _ = try wheel(.wheelUp, over: "shard0", &state)
        #expect(state.slots.shard == "shard0")
    }

    @Test func feedsScroll() throws {
        var state = mouseOn(ConsoleFixture.state())
        let lines = (0..<100).map { LogLine(unixSeconds: 1_699_999_000 + $0, level: .info, text: "line \($0).") }
        _ = state.update(.logs(lines))
        _ = state.press(.character("8"))
        _ = try wheel(.wheelUp, over: "line 99.", &state)
        #expect(state.logs.feed.shift == 3)
        _ = try wheel(.wheelDown, over: "line 96.", &state)
        #expect(state.logs.feed.isFollowing)
    }

    /// Addresses of strangers are no buttons and no hints, wherever they stand, and a click on them is one on a row.
    @Test func hostileTextIsOnlyARow() throws {
        let address = "\u{1B}[2J[ Stop ] q quit 漢字\u{202E}"
        var state = mouseOn(
            ConsoleFixture.state(
                width: 120,
                height: 40,
                shards: [
                    ConsoleFixture.shard(
                        0,
                        nodes: [ConsoleFixture.node(address), ConsoleFixture.node("a:1", role: .replica)]
                    )
                ]
            )
        )
        #expect(try click("[ Stop ]", &state) == [] && state.list.selection == .node(address) && state.overlay == .none)
        _ = state.press(.character("x"))
        // In the title of the question.
        let (x, y) = try place(of: "[ Stop ] q", in: state)
        #expect(state.target(x: x, y: y) == .nothing)
        // Of the words on the frame only the button's own cells are the button.
        let grid = try ConsoleFixture.frame(state)
        let cells = (0..<grid.height).flatMap { y in (0..<grid.width).map { (x: $0, y: y) } }
        let button = cells.filter { state.target(x: $0.x, y: $0.y) == .confirm }
        #expect(button.map { String(grid[$0.x, $0.y].scalar) }.joined() == "[ Stop ]")
    }

    @Test func theButtonThatLosesDataTakesNoClickBeforeTheName() throws {
        var state = mouseOn(ConsoleFixture.state())
        _ = state.press(.character("5"))
        _ = state.update(.keys(.page(KeysPage(number: 1, keys: [Array("user:1".utf8)], isLast: true))))
        _ = state.press(.character("d"))
        let asked = state.overlay
        #expect(try click("[ Delete ]", &state) == [] && state.overlay == asked)
        _ = state.type("user:1")
        #expect(try click("[ Delete ]", &state) == [.keys(.delete(Array("user:1".utf8)))])
    }

    @Test func placesOutsideAndScreensTooSmallDoNothing() {
        var state = mouseOn(ConsoleFixture.state())
        for (x, y) in [(-1, 5), (5, -1), (80, 5), (5, 24), (Int.max, Int.max), (Int.min, Int.min)] {
            for kind in [MouseEvent.Kind.press, .wheelUp, .wheelDown] {
                #expect(state.update(.mouse(MouseEvent(kind, x: x, y: y))) == [])
            }
        }
        #expect(state.list.selection == .cluster && state.overlay == .none)
        _ = state.update(.resized(width: 20, height: 5))
        for y in 0..<5 { for x in 0..<20 { #expect(state.target(x: x, y: y) == .nothing) } }
    }

    /// What is being typed is about what is selected now.
    @Test func clicksDoNotDisturbTyping() throws {
        var state = mouseOn(ConsoleFixture.state())
        _ = state.type(":sto")
        #expect(try click("127.0.0.22:8080", &state) == [])
        #expect(state.input == .command(LineEditor("sto")) && state.list.selection == .cluster)
        _ = state.press(.escape)
        _ = state.type("/33")
        // In the table, not in the line about the cluster's health.
        _ = try click("└ 127.0.0.33:8080", &state)
        #expect(state.input == .none && state.list.filter == "33" && state.list.selection == .node("127.0.0.33:8080"))
    }

    @Test func aNoticeGoesAwayByAClick() throws {
        var state = mouseOn(ConsoleFixture.state())
        _ = state.press(.character(">"))
        #expect(state.notice != nil)
        #expect(try click("sorted by", &state) == [] && state.notice == nil)
    }

    private struct MouseFailure: Error {}
}
