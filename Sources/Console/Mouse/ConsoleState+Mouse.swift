import Terminal

extension ConsoleState {
    /// Lines that a notch of the wheel moves.
    static let wheelLines = 3

    /// `:mouse on`, `:mouse off`, or the other one.
    mutating func useMouse(_ argument: String) -> [ConsoleAction] {
        switch argument {
        case "": wantsMouse = !isMouseOn
        case "on", "off": wantsMouse = argument == "on"
        default:
            say("mouse takes on or off", .error)
            return []
        }
        isMouseAsked = true
        return [.useMouse(wantsMouse)]
    }

    mutating func receive(_ mode: MouseMode) {
        isMouseOn = mode == .on
        // What is as it was the last time is no news, also where the terminal is another.
        guard isMouseAsked else { return }
        isMouseAsked = false
        switch mode {
        case .on: say("the mouse is on; most terminals mark text while Shift is held")
        case .off: say("the mouse is off")
        case .missing:
            let name = SafeText.truncated(options.terminal, to: 32)
            say("this terminal has no mouse" + (name.isEmpty ? "" : " (TERM=\(name))"), .warning)
        }
    }

    mutating func receive(_ mouse: MouseEvent) -> [ConsoleAction] {
        guard isMouseOn else { return [] }
        let target = target(x: mouse.x, y: mouse.y)
        switch mouse.kind {
        case .press: return click(target)
        case .wheelUp: return turnWheel(over: target, .up)
        case .wheelDown: return turnWheel(over: target, .down)
        }
    }

    private mutating func click(_ target: MouseTarget) -> [ConsoleAction] {
        switch input {
        case .none: break
        // Rows are what the filter is typed for.
        case .filter: input = .none
        // What is being typed is about what is selected now.
        case .command, .prompt: return []
        }
        switch target {
        case .nothing, .help, .keyList, .value, .legend, .feed, .wizard: break
        case .hint(let key): return press(key)
        case .notice: notice = nil
        case .helpFoot, .cancel: overlay = .none
        case .confirm: return agree()
        case .panel(let panel): focus = panel
        case .row(let id): return click(id)
        case .key(let index): return click(key: index)
        case .slot(let slot): click(slot: slot)
        case .shard(let place):
            guard slotShards.indices.contains(place) else { break }
            slotsView.panel = .shards
            showShard(place)
        }
        return []
    }

    private mutating func agree() -> [ConsoleAction] {
        guard case .confirm(var dialog) = overlay, dialog.isAllowed else { return [] }
        dialog.isConfirmFocused = true
        overlay = .confirm(dialog)
        return press(.enter)
    }

    /// A first click selects, one on what is selected opens it.
    private mutating func click(_ id: RowID) -> [ConsoleAction] {
        let wasThere = focus == .table && selection == id
        focus = .table
        selection = id
        return wasThere ? press(.enter) : []
    }

    private mutating func click(key index: Int) -> [ConsoleAction] {
        let wasThere = keysView.selected == index
        keysView.selected = index
        let isOpen = keysView.opened != nil
        guard wasThere || isOpen, let key = keysView.selectedKey, key != keysView.opened else { return [] }
        return [.keys(keysView.open(key))]
    }

    private mutating func click(slot: Int) {
        let grid = slotsLayout.grid
        let wasThere = slotsView.panel == .grid && grid.cell(of: slotsView.cursor) == grid.cell(of: slot)
        slotsView.panel = .grid
        slotsView.cursor = slot
        if wasThere { openSlot() }
    }

    /// Scrolls what is under the pointer; what has the keyboard keeps it.
    private mutating func turnWheel(
        over target: MouseTarget,
        _ movement: ConsoleCommand.Movement
    ) -> [ConsoleAction] {
        let isUp = movement == .up
        switch target {
        case .nothing, .hint, .notice, .cancel, .confirm: return []
        case .help, .helpFoot: return repeated { _ = $0.press(isUp ? .up : .down) }
        case .row, .panel(.table):
            return repeated { state in
                let isList = state.detail == nil || state.view == .shard
                isList ? state.moveSelection(movement) : state.moveDetail(movement)
            }
        case .panel(.graph): graphShift += (isUp ? 1 : -1) * Self.wheelLines * graph.secondsPerStep
        case .panel(.events): return repeated { $0.moveEvents(movement) }
        case .feed: return repeated { $0.moveInFeed(movement) }
        case .key, .keyList:
            keysView.moveList(by: isUp ? -Self.wheelLines : Self.wheelLines)
            return keysView.more(now: clock.milliseconds).map { [.keys($0)] } ?? []
        case .value: return repeated { _ = $0.moveInKeys(movement) }
        case .slot: return inSlots(.grid, movement, times: 1)
        case .shard, .legend:
            // Turning over a list of which nothing is chosen chooses nothing.
            return slotsView.panel == .shards ? inSlots(.shards, movement, times: Self.wheelLines) : []
        case .wizard:
            // Where there is something to read; in lists and fields the wheel would choose.
            guard [.plan, .rehearsal, .progress, .summary].contains(reshard.shownStep) else { return [] }
            return repeated { $0.reshard.wizard.move(movement) }
        }
        return []
    }

    private mutating func repeated(_ step: (inout ConsoleState) -> Void) -> [ConsoleAction] {
        for _ in 0..<Self.wheelLines { step(&self) }
        return []
    }

    private mutating func inSlots(
        _ panel: SlotsView.Panel,
        _ movement: ConsoleCommand.Movement,
        times: Int
    ) -> [ConsoleAction] {
        let before = slotsView.panel
        slotsView.panel = panel
        for _ in 0..<times { moveInSlots(movement) }
        slotsView.panel = before
        return []
    }
}
