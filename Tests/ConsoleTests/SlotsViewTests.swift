import Console
import Model
import Routing
import Server
import Terminal
import Testing

@Suite struct SlotsViewTests {
    private func opened(width: Int = 80, height: Int = 24) throws -> ConsoleState {
        var state = ConsoleFixture.state(width: width, height: height)
        _ = state.press(.character("4"))
        _ = state.update(.slots(try ConsoleFixture.slots()))
        return state
    }

    private func text(_ state: ConsoleState) throws -> String { try ConsoleFixture.frame(state).plainText }

    @Test func theLeadersAreAskedOnlyWhileSomebodyLooks() {
        var state = ConsoleFixture.state()
        #expect(state.press(.character("4")) == [.watchSlots(true)])
        #expect(state.press(.down, .character("]"), .enter, .escape) == [])
        #expect(state.press(.escape) == [.watchSlots(false)])
        #expect(state.view == .dashboard)
        #expect(state.press(.character("4"), .character("1")) == [.watchSlots(true), .watchSlots(false)])
    }

    @Test func beforeTheFirstAnswerItSaysWhatItWaitsFor() throws {
        var state = ConsoleFixture.state()
        _ = state.press(.character("4"))
        #expect(try text(state).contains("asking the leaders for their slots"))
    }

    @Test func theCursorTellsSlotsOwnerAndNumbers() throws {
        var state = try opened()
        #expect(try text(state).contains("slots 0-7 · shard0 · "))
        _ = state.press(.right, .down)
        #expect(state.slots.cursor == 520)
        #expect(try text(state).contains("slots 520-527 · shard0 · "))
        _ = state.press(.end)
        #expect(try text(state).contains("slots 16376-16383 · shard1 · "))
        _ = state.press(.right, .down)
        #expect(state.slots.cursor == 16_376)
        _ = state.press(.home, .up, .left)
        #expect(state.slots.cursor == 0)
    }

    @Test func enterLooksCloserAndEscapeComesBackStepByStep() throws {
        var state = try opened()
        _ = state.type(":slots 5000")
        _ = state.press(.enter, .enter)
        #expect(state.slots.isNear)
        #expect(try text(state).contains("a cell is a slot"))
        _ = state.press(.right)
        let near = try text(state)
        #expect(near.contains("slot \(state.slots.cursor) · shard0 · "), "\(near)")
        _ = state.press(.tab)
        #expect(state.slots.shard == "shard0")
        for _ in 0..<4 { #expect(!state.press(.escape).contains(.quit)) }
        #expect(state.view == .dashboard)
        #expect(!state.slots.isNear && state.slots.shard == nil)
    }

    @Test func theCloserLookFollowsTheCursor() throws {
        var state = try opened()
        _ = state.press(.enter)
        for _ in 0..<40 { _ = state.press(.down) }
        #expect(state.slots.cursor == 40 * 64)
        #expect(try text(state).contains("2560"))
    }

    @Test func tabPicksOneShardAndShowsItAlone() throws {
        var state = try opened()
        _ = state.press(.tab, .down)
        #expect(state.slots.shard == "shard1")
        #expect(state.slots.cursor == 8_192)
        #expect(try text(state).contains("demo › slots › shard1"))
    }

    @Test func aSlotThatIsNoneIsRefused() throws {
        var state = try opened()
        for word in ["16384", "-1", "x", "99999999999999999999"] {
            _ = state.type(":slots \(word)")
            _ = state.press(.enter)
            #expect(state.notice?.text == "not a slot: \(word) (0 to 16383)")
        }
        _ = state.type(":shade warm")
        _ = state.press(.enter)
        #expect(state.notice?.severity == .error)
    }

    @Test func aMapThatShrinksTakesTheChosenShardWithIt() throws {
        var state = try opened()
        _ = state.press(.tab, .down)
        _ = state.update(.slots(try ConsoleFixture.slots(["shard0"])))
        #expect(state.slots.shard == nil)
        #expect(state.slots.panel == .grid)
    }

    @Test func whatActsOnARowNeedsANameHere() throws {
        var state = try opened()
        #expect(state.press(.character("x"), .character("s")) == [])
        #expect(state.overlay == .none)
        _ = state.type(":stop")
        #expect(state.press(.enter) == [])
        #expect(state.notice?.text == "say which: a node's address or a shard's name after the command")
        _ = state.type(":stop shard0")
        _ = state.press(.enter)
        #expect(state.overlay != .none)
    }

    @Test func manyShardsAreToldApartByLetters() throws {
        let names = (0..<12).map { "shard\($0)" }
        var state = try opened(width: 120, height: 40)
        _ = state.update(.slots(try ConsoleFixture.slots(names)))
        let frame = try text(state)
        #expect(frame.contains("llllllll") && frame.contains("l shard11"), "\(frame)")
        #expect(!frame.contains("▀"))
    }

    @Test func pausedSlotsStay() throws {
        var state = try opened()
        let before = state.slots.known
        _ = state.press(.character("p"))
        _ = state.update(.slots(try ConsoleFixture.slots(["shard0"])))
        #expect(state.slots.known == before)
    }
}
