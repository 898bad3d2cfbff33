import Model
import Server
import Terminal

/// Moving on the screen, the mouse, and what comes from the cluster.
extension KeysState {
    mutating func move(_ movement: ConsoleCommand.Movement, _ context: ViewContext) -> [ViewEffect] {
        let layout = KeysLayout(width: context.width, height: context.height)
        // Lines of the value that are seen.
        let valueRows = max(1, layout.value.height - 2)
        let lines = value?.bytes.map { ValueText.lines($0, form: form, width: layout.value.width).count } ?? 0
        move(movement, page: max(1, opened == nil ? layout.list.height : valueRows), lines: lines)
        return askForMore(context)
    }

    private mutating func askForMore(_ context: ViewContext) -> [ViewEffect] {
        more(now: context.clock.milliseconds).map { [.act(.keys($0))] } ?? []
    }

    /// Turns the wheel over the list, also while a value is open.
    mutating func scrollList(by lines: Int, _ context: ViewContext) -> [ViewEffect] {
        moveList(by: lines)
        return askForMore(context)
    }

    mutating func settle(_ context: ViewContext) {
        let layout = KeysLayout(width: context.width, height: context.height)
        top = DashboardLayout.scrolled(top: top, selected: selected, visible: layout.list.height, total: keys.count)
    }

    /// A first click selects, one on what is selected opens it.
    mutating func click(_ index: Int) -> [ViewEffect] {
        let wasThere = selected == index
        selected = index
        let isOpen = opened != nil
        guard wasThere || isOpen, let key = selectedKey, key != opened else { return [] }
        return [.act(.keys(open(key)))]
    }

    /// What is at a cell of the screen.
    func target(x: Int, y: Int, _ context: ViewContext) -> MouseTarget {
        let layout = KeysLayout(width: context.width, height: context.height)
        let isOpen = opened != nil
        if isOpen, layout.value.contains(x: x, y: y) { return .value }
        guard !isOpen || layout.isBeside, layout.list.contains(x: x, y: y) else { return .nothing }
        let index = top + y - layout.list.y
        return keys.indices.contains(index) ? .key(index) : .keyList
    }

    mutating func receive(_ event: KeysEvent, now: Int) -> [ViewEffect] {
        switch event {
        case .page(let page): take(page)
        case .value(let value): take(value)
        case .done(let command): return finish(command, now: now)
        case .failed(let command, let reason):
            if case .page(_, let number) = command, number == self.number { askedAt = nil }
            if case .read(let key) = command, key == opened { failure = reason }
            let end = command.isWrite ? [ViewEffect.finish(.keys(command), reason, isGood: false)] : []
            return end + [.say(reason, .error)]
        }
        return []
    }

    private mutating func finish(_ command: KeysCommand, now: Int) -> [ViewEffect] {
        var effects: [ViewEffect] = [.finish(.keys(command), "done", isGood: true)]
        guard let key = command.key else { return effects }
        let name = SafeText.truncated(KeyText.name(of: key, limit: 64), to: 32)
        switch command {
        case .delete:
            drop(key)
            return effects + [.say("deleted \(name)", .success)]
        case .put: effects.append(.say("wrote \(name)", .success))
        case .expire(_, let seconds):
            effects.append(.say(seconds.map { "\(name) expires in \($0) s" } ?? "\(name) never expires", .success))
        case .page, .read: return effects
        }
        if opened == key { effects.append(.act(.keys(.read(key)))) }
        // A new key has its place somewhere among the others.
        if case .put = command, number > 0, !keys.contains(key), key.starts(with: prefix) {
            effects.append(.act(.keys(list(prefix: prefix, now: now))))
        }
        return effects
    }
}
