import Console
import Model
import Resharding
import Terminal
import Testing

@Suite struct ReshardWizardTests {
    private func text(_ state: ConsoleState) throws -> String { try ConsoleFixture.frame(state).plainText }

    private func wizard(_ state: ConsoleState) -> ReshardWizard { state.reshard.wizard }

    @Test func fromTheFirstKeyToTheSummary() throws {
        var state = ReshardFixture.state()
        #expect(state.press(.character("R")) == [.reshard(.enter)])
        #expect(try text(state).contains("asking for the slot map"))
        _ = state.update(.reshard(.ground(try ReshardFixture.ground())))
        let checks = state.press(.enter)
        let check = ReshardRequest.NewNode(shard: "shard2", address: ReshardFixture.address("127.0.0.4:8080"))
        #expect(checks == [.reshard(.check(check))])
        #expect(wizard(state).findings[check] == .pending)
        ReshardFixture.answer(checks, &state)
        _ = state.press(.enter, .enter, .enter, .enter)
        #expect(wizard(state).step == .policies)
        _ = state.press(.enter)
        #expect(wizard(state).step == .plan)
        let plan = try #require(wizard(state).plan)
        #expect(plan.estimate.moved.slots == 5_461)
        #expect(state.press(.character("r")) == [])
        let rehearse = state.press(.enter)
        #expect(rehearse == [.reshard(.rehearse(plan.request, mapVersion: 1))])
        #expect(state.press(.enter) == [])
        #expect(wizard(state).message == "the rehearsal has not ended yet")
        let line = ReshardRehearsal.Line(isGood: true, text: "all is well")
        _ = state.update(.reshard(.rehearsed(.init(request: plan.request, mapVersion: 1, lines: [line]))))
        _ = state.press(.enter)
        #expect(wizard(state).step == .confirm)
        #expect(state.type("dem") == [])
        #expect(state.press(.enter) == [])
        #expect(wizard(state).message == "type demo, the cluster's name, to begin")
        _ = state.type("o")
        #expect(state.press(.enter) == [.reshard(.start(plan.request, mapVersion: 1, rate: 10_000_000))])
        _ = state.update(.reshard(.starting("starting shard2")))
        #expect(try text(state).contains("starting shard2"))
        // What has begun is not gone back from, and a second Enter must not begin a second job.
        #expect(state.press(.escape) == [])
        #expect(wizard(state).step == .confirm)
        #expect(wizard(state).message?.contains("can be aborted") == true)
        _ = state.type("x")
        #expect(wizard(state).confirmation.text == "demo")
        #expect(state.press(.enter) == [])
        _ = state.update(.reshard(.started(job: "0123456789abcdef0123456789abcdef")))
        #expect(wizard(state).step == .progress)
        _ = state.update(.reshard(.job(try ReshardFixture.job(done: 3))))
        #expect(try text(state).contains("12.4 MB/s"))
        _ = state.update(.reshard(.job(try ReshardFixture.job(state: .done))))
        #expect(wizard(state).step == .summary)
        #expect(try text(state).contains("done after 1m 00s, asked for by root@host"))
        #expect(state.press(.enter) == [.reshard(.leave)])
    }

    @Test func escapeGoesBackStepByStepAndAsksForNothing() throws {
        var state = try ReshardFixture.walked(to: .confirm)
        _ = state.type("demo")
        var steps: [ReshardWizard.Step] = []
        for _ in 0..<5 {
            #expect(state.press(.escape) == [])
            steps.append(wizard(state).step)
        }
        #expect(steps == [.rehearsal, .plan, .policies, .details, .goal])
        #expect(wizard(state).form.rows[0].name.text == "shard2")
        #expect(wizard(state).confirmation.isEmpty)
        #expect(state.press(.escape) == [.reshard(.leave)])
        #expect(state.view == .dashboard)
        // Whoever comes back begins anew.
        #expect(state.press(.character("R")) == [.reshard(.enter)])
        #expect(wizard(state).step == .goal)
    }

    @Test func anotherViewLeavesTheWizardWhereItIs() throws {
        var state = try ReshardFixture.walked(to: .plan)
        #expect(state.press(.character("1")) == [])
        #expect(state.view == .dashboard)
        #expect(state.press(.character("R")) == [])
        #expect(wizard(state).step == .plan)
    }

    // MARK: New nodes

    @Test func whatIsTypedIsCheckedWhenItStandsStill() throws {
        var state = try ReshardFixture.walked(to: .details)
        _ = state.press(.tab)
        var now = ConsoleFixture.clock
        // 127.0.0.4:8080 becomes :8081, key by key.
        #expect(state.press(.backspace, .character("1")) == [])
        #expect(state.update(.tick(now)) == [])
        now.milliseconds += 299
        #expect(state.update(.tick(now)) == [])
        now.milliseconds += 1
        let check = ReshardRequest.NewNode(shard: "shard2", address: ReshardFixture.address("127.0.0.4:8081"))
        #expect(state.update(.tick(now)) == [.reshard(.check(check))])
        // Nothing is asked twice, also not on leaving the field.
        now.milliseconds += 5_000
        #expect(state.update(.tick(now)) == [])
        #expect(state.press(.tab, .backTab) == [])
        #expect(try text(state).contains("127.0.0.4:8081 is being looked at"))
    }

    /// Whoever was told to start a node does it elsewhere, and comes back.
    @Test func whatIsNotAsItShouldBeIsLookedAtAgain() throws {
        var state = try ReshardFixture.opened()
        let check = ReshardRequest.NewNode(shard: "shard2", address: ReshardFixture.address("127.0.0.4:8080"))
        let bad = NewNodeFinding(isGood: false, text: "127.0.0.4:8080 does not run")
        ReshardFixture.answer(state.press(.enter), &state, with: bad)
        var now = ConsoleFixture.clock
        #expect(state.update(.tick(now)) == [.reshard(.check(check))])
        now.milliseconds += 10_000
        // One question at a time.
        #expect(state.update(.tick(now)) == [])
        #expect(try text(state).contains("x 127.0.0.4:8080 does not run"))
        _ = state.update(.reshard(.checked(check, bad)))
        now.milliseconds += 2_000
        #expect(state.update(.tick(now)) == [.reshard(.check(check))])
        _ = state.update(.reshard(.checked(check, ReshardFixture.good)))
        now.milliseconds += 10_000
        #expect(state.update(.tick(now)) == [])
        #expect(!(try text(state).contains("does not run")))
    }

    /// What config.yaml has ready comes before what is made up, and with as many replicas as the others have.
    @Test func shardsThatWaitInTheConfigAreSuggestedFirst() throws {
        var state = ReshardFixture.state()
        _ = state.press(.character("R"))
        var ground = try ReshardFixture.ground()
        ground.waiting = [.init(name: "spare", address: ReshardFixture.address("127.0.0.9:8080"))]
        ground.replicas = 1
        _ = state.update(.reshard(.ground(ground)))
        let checks = state.press(.enter)
        #expect(wizard(state).form.rows.map(\.name.text) == ["spare"])
        #expect(checks.count == 1)
        _ = state.press(.enter, .enter, .enter, .tab, .enter)
        #expect(wizard(state).form.rows.map(\.name.text) == ["spare", "shard3"])
        #expect(wizard(state).form.rows[1].addresses == ["127.0.0.4:8080", "127.0.0.5:8080"])
        #expect(wizard(state).form.checks(ofRow: 1).map(\.isReplica) == [false, true])
    }

    @Test func whyNothingIsHeardIsSaid() throws {
        var state = ReshardFixture.state()
        _ = state.press(.character("R"))
        _ = state.update(.reshard(.unavailable("cluster demo has not begun")))
        #expect(try text(state).contains("cluster demo has not begun"))
        #expect(state.press(.enter) == [])
        #expect(wizard(state).step == .goal)
        _ = state.update(.reshard(.unavailable(nil)))
        #expect(!(try text(state).contains("cluster demo has not begun")))
    }

    @Test func aNodeThatCannotBeThereHoldsTheWizard() throws {
        var state = try ReshardFixture.opened()
        let bad = NewNodeFinding(isGood: false, text: "127.0.0.4:8080 belongs to cluster other")
        ReshardFixture.answer(state.press(.enter), &state, with: bad)
        _ = state.press(.enter, .enter, .enter, .enter)
        #expect(wizard(state).step == .details)
        #expect(wizard(state).message == "127.0.0.4:8080 belongs to cluster other")
        #expect(try text(state).contains("x 127.0.0.4:8080 belongs to cluster other"))
    }

    @Test func namesAndAddressesInUseAreRefusedAtOnce() throws {
        var state = try ReshardFixture.walked(to: .details)
        let ground = try ReshardFixture.ground()
        _ = state.press(.backspace, .character("1"))
        #expect(
            wizard(state).form.problem(ofRow: 0, ground: ground)?.contains("there is a shard shard1 already") == true
        )
        _ = state.press(.backspace, .character("9"), .tab, .ctrl("u"))
        _ = state.type("127.0.0.3:8080")
        #expect(try text(state).contains("127.0.0.3:8080 is a node of shard shard1 already"))
        _ = state.press(.ctrl("u"))
        _ = state.type("nowhere")
        #expect(wizard(state).form.problem(ofRow: 0, ground: ground) != nil)
        _ = state.press(.enter, .enter, .enter)
        #expect(wizard(state).step == .details)
    }

    @Test func severalShardsEachWithItsOwnSuggestion() throws {
        var state = try ReshardFixture.walked(to: .details)
        _ = state.press(.enter, .enter)
        _ = state.type("127.0.0.44:8080, 127.0.0.45:8080")
        let checks = state.press(.enter)
        #expect(checks.count == 2)
        let another = state.press(.tab, .enter)
        #expect(another.count == 1)
        #expect(wizard(state).form.rows.map(\.name.text) == ["shard2", "shard3"])
        ReshardFixture.answer(checks + another, &state)
        #expect(wizard(state).form.focus == .field(row: 1, .name))
        #expect(
            wizard(state).request?.add.map(\.text) == [
                "shard2=127.0.0.4:8080,127.0.0.44:8080,127.0.0.45:8080", "shard3=127.0.0.5:8080",
            ]
        )
        #expect(
            wizard(state).command == "shoal reshard run --add shard2=127.0.0.4:8080,127.0.0.44:8080,127.0.0.45:8080 "
                + "--add shard3=127.0.0.5:8080 --policy fixed"
        )
        _ = state.press(.ctrl("x"))
        #expect(wizard(state).form.rows.count == 1)
        _ = state.press(.ctrl("x"))
        #expect(wizard(state).form.rows.count == 1)
    }

    @Test func lettersAreTextInFieldsAndCommandsElsewhere() throws {
        var state = try ReshardFixture.walked(to: .details)
        _ = state.type("q?:x1")
        #expect(wizard(state).form.rows[0].name.text == "shard2q?:x1")
        #expect(state.overlay == .none && state.input == .none && state.view == .reshard)
        #expect(state.hints.map(\.label).contains("next"))
        #expect(!state.hints.map(\.key).contains("q"))
        _ = state.update(.paste("y\nz"))
        #expect(wizard(state).form.rows[0].name.text == "shard2q?:x1yz")
    }

    /// A paste must not agree to anything.
    @Test func theClustersNameIsTypedAndNotPasted() throws {
        var state = try ReshardFixture.walked(to: .confirm)
        _ = state.update(.paste("demo"))
        #expect(wizard(state).confirmation.isEmpty)
        #expect(state.press(.enter) == [])
    }

    // MARK: Other wishes

    @Test func shardsAreMarkedAndOneStays() throws {
        var state = try ReshardFixture.opened()
        _ = state.press(.down, .enter)
        #expect(state.press(.enter) == [])
        #expect(wizard(state).message == "mark the shards to remove with Space")
        _ = state.press(.character(" "), .down, .character(" "))
        _ = state.press(.enter)
        #expect(wizard(state).message?.contains("one at least must stay") == true)
        _ = state.press(.character(" "), .enter)
        #expect(wizard(state).step == .policies)
        #expect(wizard(state).request == ReshardRequest(remove: ["shard0"], policy: .fixed))
    }

    @Test func slotsGoToAShard() throws {
        var state = try ReshardFixture.opened()
        for _ in 0..<4 { _ = state.press(.down) }
        _ = state.press(.enter, .enter)
        #expect(wizard(state).message == "write the slots to move, such as 0-99,200")
        _ = state.type("0-99,99")
        _ = state.press(.enter)
        #expect(wizard(state).message?.contains("slot 99 is named twice") == true)
        _ = state.press(.backspace, .backspace, .backspace)
        #expect(try text(state).contains("100 slots of shard0, 396 keys"))
        _ = state.press(.tab, .right, .enter)
        #expect(wizard(state).step == .plan)
        #expect(wizard(state).plan?.estimate.moved.slots == 100)
        #expect(wizard(state).command == "shoal reshard run --move 0-99=shard1")
    }

    @Test func thePolicyInForceChangesNothing() throws {
        var state = try ReshardFixture.opened()
        for _ in 0..<3 { _ = state.press(.down) }
        _ = state.press(.enter)
        #expect(wizard(state).step == .policies)
        #expect(wizard(state).policy == .modulo)
        #expect(wizard(state).choices.map(\.policy) == [.fixed, .modulo, .ring])
        _ = state.press(.left, .enter)
        #expect(wizard(state).message == "fixed would change nothing")
        _ = state.press(.right, .enter)
        #expect(wizard(state).plan?.policyAfter == .modulo)
    }

    // MARK: What changes meanwhile

    @Test func aMapThatChangedIsPlannedAnew() throws {
        var state = try ReshardFixture.walked(to: .confirm)
        _ = state.type("demo")
        _ = state.update(.reshard(.ground(try ReshardFixture.ground(version: 7))))
        #expect(wizard(state).step == .plan)
        #expect(wizard(state).message == "the slot map has changed: this is the plan for version 7")
        #expect(wizard(state).confirmation.isEmpty)
    }

    @Test func newCountsLeaveAgreementAlone() throws {
        var state = try ReshardFixture.walked(to: .confirm)
        let before = wizard(state).plan
        _ = state.update(.reshard(.ground(try ReshardFixture.ground(counted: false))))
        #expect(wizard(state).step == .confirm)
        #expect(wizard(state).plan == before)
    }

    @Test func aRehearsalOfAnotherPlanDoesNotCount() throws {
        var state = try ReshardFixture.walked(to: .plan)
        _ = state.press(.enter)
        let other = ReshardRequest(remove: ["shard0"])
        _ = state.update(.reshard(.rehearsed(.init(request: other, mapVersion: 1, lines: []))))
        #expect(wizard(state).rehearsal == nil)
        let request = try #require(wizard(state).plan?.request)
        let line = ReshardRehearsal.Line(isGood: false, text: "the disk of 127.0.0.4:8080 is full")
        _ = state.update(.reshard(.rehearsed(.init(request: request, mapVersion: 1, lines: [line]))))
        _ = state.press(.enter)
        #expect(wizard(state).step == .rehearsal)
        #expect(wizard(state).message?.contains("stands in the way") == true)
    }

    @Test func aRefusedStartComesBackToThePlan() throws {
        var state = try ReshardFixture.walked(to: .confirm)
        _ = state.type("demo")
        _ = state.press(.enter)
        _ = state.update(.reshard(.refused("another reshard runs")))
        #expect(wizard(state).step == .plan)
        #expect(try text(state).contains("another reshard runs"))
    }

    // MARK: Who may

    @Test func withoutAWayOrTheRightThereIsNoWizard() throws {
        for state in [ConsoleFixture.state(), ReshardFixture.state(isReadOnly: true)] {
            var state = state
            #expect(state.press(.character("R"), .character("a")) == [])
            #expect(!state.hints.contains { $0.label == "reshard" })
            _ = state.type(":reshard")
            #expect(state.press(.enter) == [])
            #expect(state.notice?.text.contains("no command \"reshard\"") == true)
        }
        var reading = ReshardFixture.state(isReadOnly: true)
        _ = reading.update(.reshard(.job(try ReshardFixture.job(done: 1))))
        _ = reading.press(.character("6"))
        #expect(try text(reading).contains("move 2"))
        #expect(reading.press(.character("p"), .character("r"), .enter) == [])
        var none = ConsoleFixture.state()
        _ = none.press(.character("6"))
        #expect(none.view == .dashboard)
    }
}
