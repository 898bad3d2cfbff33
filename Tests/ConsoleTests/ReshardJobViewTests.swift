import Console
import Model
import Resharding
import Routing
import Terminal
import Testing

/// What the console shows of a job that runs or has ended, whoever began it.
@Suite struct ReshardJobViewTests {
    private func text(_ state: ConsoleState) throws -> String { try ConsoleFixture.frame(state).plainText }

    private func wizard(_ state: ConsoleState) -> ReshardWizard { state.reshard.wizard }

    @Test func aRunningJobIsFoundAgain() throws {
        var state = ReshardFixture.state()
        _ = state.update(.reshard(.job(try ReshardFixture.job(done: 2))))
        #expect(state.events.newest.last?.text.hasPrefix("reshard running, ") == true)
        #expect(try text(state).contains("reshard "))
        #expect(state.press(.character("R")) == [.reshard(.enter)])
        #expect(wizard(state).step == .progress)
        #expect(state.press(.escape) == [.reshard(.leave)])
        // The job goes on, and stays to be seen.
        #expect(state.view == .reshard)
        #expect(try text(state).contains("move 3"))
    }

    @Test func anEndedJobIsNoNewsAndStandsInNobodysWay() throws {
        var state = ReshardFixture.state()
        let events = state.events.newest.count
        _ = state.update(.reshard(.job(try ReshardFixture.job(state: .done))))
        #expect(state.events.newest.count == events)
        _ = state.press(.character("6"))
        #expect(try text(state).contains("done, asked for by root@host"))
        _ = state.press(.character("R"))
        #expect(wizard(state).step == .goal)
    }

    @Test func pauseAbortAndRate() throws {
        var state = ReshardFixture.state()
        let view = try ReshardFixture.job(done: 2)
        _ = state.update(.reshard(.job(view)))
        _ = state.press(.character("6"))
        #expect(state.press(.character("p")) == [.reshard(.pause(job: view.job.id))])
        #expect(state.press(.character("r")) == [.reshard(.limit(job: view.job.id, rate: 100_000_000))])
        // Before the job shows it, the next step goes on from what was asked for; after a refusal from what is.
        #expect(state.press(.character("r")) == [.reshard(.limit(job: view.job.id, rate: 250_000_000))])
        _ = state.update(.reshard(.job(view)))
        #expect(state.press(.character("r")) == [.reshard(.limit(job: view.job.id, rate: nil))])
        _ = state.update(.reshard(.refused("another console was faster")))
        #expect(state.press(.character("r")) == [.reshard(.limit(job: view.job.id, rate: 100_000_000))])
        #expect(state.press(.character("a")) == [])
        guard case .confirm(let dialog) = state.overlay else {
            Issue.record("no dialog")
            return
        }
        #expect(!dialog.isConfirmFocused)
        #expect(state.press(.enter) == [])
        #expect(state.press(.character("a"), .tab, .enter) == [.reshard(.cancel(job: view.job.id))])
        _ = state.update(.reshard(.job(try ReshardFixture.job(done: 2, state: .paused))))
        #expect(try text(state).contains("for the backup"))
        #expect(state.hints.contains { $0.label == "go on" })
        #expect(state.press(.character("p")) == [.reshard(.resume(job: view.job.id))])
        _ = state.update(.reshard(.refused("the coordinator does not answer")))
        #expect(state.notice?.text == "the coordinator does not answer")
        _ = state.update(.reshard(.job(try ReshardFixture.job(state: .done))))
        #expect(state.press(.character("p"), .character("a"), .character("r")) == [])
    }

    @Test func whatIsToldOfAnOlderJobIsNotTakenForTheNewOne() throws {
        var state = ReshardFixture.state()
        let old = String(repeating: "f", count: 32)
        _ = state.update(.reshard(.job(try ReshardFixture.job(state: .done, id: old))))
        _ = state.press(.character("R"))
        _ = state.update(.reshard(.ground(try ReshardFixture.ground())))
        ReshardFixture.answer(state.press(.enter), &state)
        _ = state.update(.reshard(.started(job: "0123456789abcdef0123456789abcdef")))
        _ = state.update(.reshard(.job(try ReshardFixture.job(state: .done, id: old))))
        #expect(wizard(state).step == .progress)
        #expect(try text(state).contains("waiting for its first word"))
        _ = state.update(.reshard(.job(try ReshardFixture.job(done: 1))))
        #expect(try text(state).contains("move 2"))
    }

    @Test func anotherConsolesJobIsTold() throws {
        var state = try ReshardFixture.walked(to: .plan)
        _ = state.update(.reshard(.job(try ReshardFixture.job())))
        #expect(wizard(state).step == .plan)
        #expect(wizard(state).message?.contains("root@host has begun a reshard") == true)
    }

    @Test func theSlotMapMarksWhatHasStillToMove() throws {
        var state = ReshardFixture.state(width: 120, height: 40)
        let view = try ReshardFixture.job(done: 2)
        _ = state.update(.reshard(.job(view)))
        _ = state.press(.character("4"))
        _ = state.update(.slots(try ConsoleFixture.slots(["shard0", "shard1", "shard2"])))
        #expect(try text(state).contains("▞"))
    }
}
