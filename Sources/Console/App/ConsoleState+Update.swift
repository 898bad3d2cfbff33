import Model
import Server
import Terminal

extension ConsoleState {
    /// Takes one event in and says what is to be done about it. Pure: no I/O, no clock.
    package mutating func update(_ event: ConsoleEvent) -> [ConsoleAction] {
        let (wantedSlots, wantedNode) = (view == .slots, wantsNode)
        var actions = take(event)
        settle()
        actions += perform(nodes.stepRestart(status.newest, now: clock.milliseconds))
        audit(actions)
        actions += events.follow(status.newest, clock).map(ConsoleAction.audit)
        if (view == .slots) != wantedSlots { actions.append(.watchSlots(view == .slots)) }
        if wantsNode != wantedNode { actions.append(.watchNode(wantsNode)) }
        return actions
    }

    private mutating func take(_ event: ConsoleEvent) -> [ConsoleAction] {
        switch event {
        case .tick(let clock): return tick(clock)
        case .key(let key): return press(key)
        case .paste(let text): paste(text)
        case .mouse(let mouse): return receive(mouse)
        case .mouseMode(let mode): return perform(mouse.receive(mode, terminal: options.terminal))
        case .settings(let settings, let problem): return receive(settings, problem)
        case .problem(let text): say(text, .warning)
        case .background(let isLight):
            return wantsBackground ? perform(theme.receive(backgroundIsLight: isLight)) : []
        case .resized(let width, let height):
            self.width = max(0, width)
            self.height = max(0, height)
        case .snapshot(let snapshot): receive(snapshot)
        case .clusterEvents(let new): events.receive(new)
        case .theme(let news): return perform(theme.receive(news))
        case .keys(let event): return perform(keys.receive(event, now: clock.milliseconds))
        case .logs(let lines): logs.receive(lines)
        case .details(let details): if !status.isPaused { self.details = details }
        case .slots(let slots): if !status.isPaused || self.slots.known == nil { self.slots.known = slots }
        case .reshard(let event):
            let isShown = view == .reshard
            return perform(reshard.receive(event, isShown: isShown, unixSeconds: clock.unixSeconds))
        case .display(let display): self.display = display
        }
        return []
    }

    /// Does what a view asks for; gives what is to be done outside.
    mutating func perform(_ effects: [ViewEffect]) -> [ConsoleAction] {
        var actions: [ConsoleAction] = []
        for effect in effects {
            switch effect {
            case .act(let action): actions.append(action)
            case .say(let text, let severity): say(text, severity)
            case .tell(let severity, let text):
                events.receive([ClusterEvent(unixSeconds: clock.unixSeconds, severity: severity, text: text)])
            case .ask(let prompt, let text):
                input = .prompt(prompt, LineEditor(text))
                notice = nil
            case .confirm(let dialog): overlay = .confirm(dialog)
            case .show(let view):
                trail = []
                self.view = view
            case .leave: leave()
            case .finish(let action, let result, let isGood): events.finish(action, result, isGood: isGood)
            }
        }
        return actions
    }

    /// Notes what is about to be done.
    mutating func audit(_ actions: [ConsoleAction]) { events.note(actions, who: options.user, clock) }

    private mutating func tick(_ clock: ConsoleClock) -> [ConsoleAction] {
        self.clock = clock
        if startedAt == nil { startedAt = clock.milliseconds }
        if let notice, clock.milliseconds >= notice.until { self.notice = nil }
        nodes.operations.expire(now: clock.milliseconds)
        if status.isDue(now: clock.milliseconds) { showNewest() }
        return perform(reshard.tick(now: clock.milliseconds))
    }

    /// The history takes every snapshot, the screen only as often as the refresh rate says.
    private mutating func receive(_ snapshot: ClusterSnapshot) {
        graph.history.record(snapshot)
        let news = changes.events(of: snapshot, now: clock)
        if !news.isEmpty { events.receive(news) }
        status.receive(snapshot)
        if status.isDue(now: clock.milliseconds) { showNewest() }
    }

    /// Shows the newest snapshot now.
    mutating func showNewest() {
        guard status.show(now: clock.milliseconds), let snapshot else { return }
        nodes.operations.finish(snapshot)
        refreshRows()
    }

    mutating func refreshRows() { list.refresh(snapshot?.status, scope: shownShard) }

    /// Brings selection and scroll positions back into what exists.
    private mutating func settle() {
        settlePlace()
        if list.scope != shownShard { refreshRows() }
        list.settle(snapshot?.status)
        let layout = self.layout
        settleFocus(layout)
        list.scroll(visible: layout.tableRows.count)
        if view == .slots { slots.settle(context) }
        if view == .keys { keys.settle(context) }
        events.settle()
        if let detail = list.detail, snapshot != nil, row(detail) == nil {
            leave()
            refreshRows()
            say("\(detail.name) is no longer part of the cluster", .warning)
        }
        graph.settle(pointed, lines: self.layout.graph.count, context)
    }

    // MARK: What is remembered

    /// What is to be remembered of this state.
    package var settings: ConsoleSettings { ConsoleSettings(of: self) }

    /// Begins where the last console was left. The theme on the screen is not changed: the one who opened it knows
    /// whether another was asked for.
    private mutating func receive(_ settings: ConsoleSettings, _ problem: String?) -> [ConsoleAction] {
        theme.chosen = settings.theme
        graph.restore(settings.graph, set: settings.graphSet, secondsPerStep: settings.secondsPerStep)
        if let sort = settings.sort { list.sort = sort }
        if let milliseconds = settings.refreshMilliseconds { status.refreshMilliseconds = milliseconds }
        if let panel = settings.panel { focus = panel }
        mouse.isWanted = settings.isMouseOn ?? false
        commandInput.recall(settings.history)
        unknownSettings = settings.unknown
        refreshRows()
        if let problem { say(problem, .warning) }
        return mouse.isWanted ? [.useMouse(true)] : []
    }
}
