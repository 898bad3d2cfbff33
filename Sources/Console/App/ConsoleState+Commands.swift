import Model
import Server

extension ConsoleState {
    /// Runs a command, from its key (`argument` empty) or from the command line.
    mutating func run(_ command: ConsoleCommand, argument: String = "") -> [ConsoleAction] {
        perform(effects(of: command.handler, argument))
    }

    private mutating func effects(of handler: ConsoleCommand.Handler, _ argument: String) -> [ViewEffect] {
        let now = clock.milliseconds
        switch handler {
        case .quit: return quit()
        case .help: overlay = .help(top: 0)
        case .palette: beginCommand()
        case .filter: argument.isEmpty ? beginFilter() : list.filter(argument, snapshot?.status)
        case .start: return nodes.start(targets(argument), now: now)
        case .stop: return nodes.stop(targets(argument), context.shards)
        case .restart: return restart(argument)
        case .switchover:
            let targets = self.targets(argument)
            return snapshot.map { Switchover.ask(targets, in: $0.status) } ?? []
        case .markRow: if view != .node, list.mark() { return move(.down) }
        case .view(.slots): return slots.show(argument)
        case .view(.keys): return keys.show(now: now)
        case .view(let view): show(view, argument)
        case .scan:
            if !argument.isEmpty || view != .keys { return keys.show(prefix: argument, now: now) }
            return [.ask(.scan, KeyText.text(of: keys.prefix))]
        case .get: return keys.get(argument, now: now)
        case .put: return keys.put(argument)
        case .edit: return keys.edit()
        case .delete: return keys.delete(argument, isShown: view == .keys)
        case .expire: return keys.expire(argument, isShown: view == .keys)
        case .form: return keys.show(form: argument)
        case .reload: return keys.reload(now: now)
        case .find: return find(argument)
        case .scope: events.stepScope()
        case .level: return logs.show(level: argument)
        case .shade(let direction): slots.shade = slots.shade.stepped(direction)
        case .shadeBy: return slots.shade(by: argument)
        case .reshard: return reshard.open(argument)
        case .reshardPause: return reshard.pause()
        case .reshardCancel: return reshard.cancel()
        case .reshardRate: return reshard.stepRate()
        case .mark: reshard.wizard.mark()
        case .open: return open(argument)
        case .back: return back()
        case .move(let movement): return move(movement)
        case .nextPanel: stepPanel(1)
        case .previousPanel: stepPanel(-1)
        case .nextColumn: return list.changeSort(snapshot?.status) { $0.step(1) }
        case .previousColumn: return list.changeSort(snapshot?.status) { $0.step(-1) }
        case .sort: return list.sort(by: argument, snapshot?.status)
        case .invert: return list.changeSort(snapshot?.status) { $0.isInverted.toggle() }
        case .graph: return graph.show(argument)
        case .nextGraph: graph.kind = graph.kind.stepped(1)
        case .previousGraph: graph.kind = graph.kind.stepped(-1)
        case .zoom(let direction): return graph.zoom(direction)
        case .graphSet: return graph.use(set: argument)
        case .theme: return theme.use(argument)
        case .faster: return status.step(-1)
        case .slower: return status.step(1)
        case .refresh:
            if !argument.isEmpty { return status.set(seconds: argument) }
            showNewest()
        case .pause: togglePause()
        case .copy:
            return CopyText(selectedIn: self)?.copy(display) ?? [
                .say("nothing is selected here that can be copied", .warning)
            ]
        case .mouse: return mouse.use(argument)
        case .redraw: return [.act(.redraw)]
        }
        return []
    }

    private func quit() -> [ViewEffect] {
        let embedded = status.embeddedRunning
        return embedded > 0 ? [.confirm(.quit(embedded: embedded))] : [.act(.quit)]
    }

    private mutating func restart(_ argument: String) -> [ViewEffect] {
        if argument == "cancel" { return nodes.cancelRestart() }
        if let busy = nodes.busy { return [busy] }
        return nodes.restart(targets(argument), context.shards)
    }

    private mutating func find(_ argument: String) -> [ViewEffect] {
        guard view == .events || view == .logs else {
            return [.say("find belongs to the events (7) or the logs (8)", .warning)]
        }
        if argument.isEmpty { return [.ask(.find, view == .logs ? logs.feed.filter : events.feed.filter)] }
        findInFeed(argument)
        return []
    }

    mutating func findInFeed(_ text: String) {
        if view == .logs { logs.find(text) } else { events.find(text) }
    }

    private mutating func togglePause() {
        status.togglePause()
        graph.pause(status.isPaused)
        if !status.isPaused { showNewest() }
    }

    /// The rows named by an argument, or the selected one; says so and is empty if a name is unknown.
    mutating func targets(_ argument: String) -> [TableRow] {
        do throws(RowProblem) {
            return try list.targets(argument, pointed: pointed, view: view, snapshot?.status)
        } catch {
            say(error.text, error.severity)
            return []
        }
    }
}
