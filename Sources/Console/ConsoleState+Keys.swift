import Server
import Terminal

extension ConsoleState {
    /// A key goes to the topmost thing that takes keys: dialog, help, input line, and then the command table.
    mutating func press(_ key: Key) -> [ConsoleAction] {
        let command = table.command(for: key, in: view)
        // Ctrl-C asks to leave wherever one is, also while typing.
        if key == .ctrl("c"), let command { return leave(with: command) }
        if isTooSmall, overlay == .none {
            return command?.handler == .quit ? command.map { run($0) } ?? [] : []
        }
        switch overlay {
        case .confirm(let dialog): return press(key, in: dialog)
        case .help(let top):
            press(key, inHelpAt: top)
            return []
        case .none: break
        }
        switch input {
        case .command(let editor): return press(key, inCommand: editor)
        case .filter(let editor):
            press(key, inFilter: editor)
            return []
        case .prompt(let prompt, let editor): return press(key, in: prompt, editor)
        case .none: break
        }
        if let actions = typeInWizard(key) { return actions }
        guard let command else { return [] }
        notice = nil
        return run(command)
    }

    private mutating func leave(with command: ConsoleCommand) -> [ConsoleAction] {
        input = .none
        overlay = .none
        return run(command)
    }

    private mutating func press(_ key: Key, in dialog: ConfirmDialog) -> [ConsoleAction] {
        var dialog = dialog
        if dialog.typed != nil, key != .enter, key != .escape {
            type(key, in: &dialog)
            return []
        }
        switch key {
        case .escape: overlay = .none
        case .left, .right, .tab, .backTab, .character("h"), .character("l"):
            dialog.isConfirmFocused.toggle()
            overlay = .confirm(dialog)
        case .enter:
            overlay = .none
            guard dialog.isConfirmFocused, dialog.isAllowed else {
                if let typed = dialog.typed, !typed.editor.isEmpty, !typed.isRight {
                    say("nothing was done: that was not \(typed.text)")
                }
                return []
            }
            if case .stop(let addresses) = dialog.action {
                begin(.stop, addresses)
                say("stopping \(addresses.count == 1 ? addresses[0] : NumberFormat.counted(addresses.count, "node"))")
            }
            if case .reshard(.cancel) = dialog.action { say("aborting the reshard") }
            if case .switchOver(let shard, let target) = dialog.action {
                say("changing the leader of \(shard) to \(target)")
            }
            if case .restart(let addresses) = dialog.action { beginRestart(addresses) }
            if case .several(let actions) = dialog.action { return actions }
            return [dialog.action]
        default: break
        }
        return []
    }

    /// Letters go into the name; whoever has typed it stands on the button.
    private mutating func type(_ key: Key, in dialog: inout ConfirmDialog) {
        switch key {
        case .tab, .backTab: if dialog.isAllowed { dialog.isConfirmFocused.toggle() }
        default:
            dialog.typed?.editor.press(key)
            dialog.isConfirmFocused = dialog.isAllowed
        }
        overlay = .confirm(dialog)
    }

    private mutating func press(_ key: Key, inHelpAt top: Int) {
        let handler = table.command(for: key, in: view)?.handler
        let help = HelpLayout(width: width, height: height)
        let page = max(1, help.lines - 1)
        let highest = max(0, HelpText.rows(table, width: help.textWidth).count - help.lines)
        switch handler {
        case .back, .help, .quit, .open: overlay = .none
        case .move(let movement):
            let moved =
                switch movement {
                case .up, .left: top - 1
                case .down, .right: top + 1
                case .pageUp: top - page
                case .pageDown: top + page
                case .top: 0
                case .bottom: highest
                }
            overlay = .help(top: min(max(0, moved), highest))
        default: break
        }
    }

    mutating func paste(_ text: String) {
        switch input {
        case .command(var editor):
            guard paste(KeyText.pasted(text), into: &editor) else { return }
            input = .command(editor)
            completion = nil
        case .filter(var editor):
            guard paste(text, into: &editor) else { return }
            input = .filter(editor)
            setFilter(editor.text)
        case .prompt(let prompt, var editor):
            guard paste(KeyText.pasted(text), into: &editor) else { return }
            input = .prompt(prompt, editor)
        case .none: if isInWizard { reshard.wizard.paste(text, now: clock.milliseconds) }
        }
    }

    /// What is only a part of what was pasted is not what somebody wants to do: then the line is given up.
    private mutating func paste(_ text: String, into editor: inout LineEditor) -> Bool {
        guard editor.hasRoom(for: text) else {
            input = .none
            completion = nil
            say(
                "a line has at most \(LineEditor.limit) characters, nothing was done: shoal put KEY - < FILE writes long values",
                .warning
            )
            return false
        }
        editor.insert(text)
        return true
    }

    mutating func stepPanel(_ direction: Int) {
        if view == .slots { return stepSlotsPanel() }
        if view == .reshard { return reshard.wizard.nextPart(direction) }
        guard view.isOfRows else { return }
        let layout = self.layout
        let visible = Panel.allCases.filter { Self.isSeen($0, layout) }
        let index = visible.firstIndex(of: focus) ?? 0
        focus = visible[(index + direction + visible.count) % visible.count]
    }

    private static func isSeen(_ panel: Panel, _ layout: DashboardLayout) -> Bool {
        switch panel {
        case .table: true
        case .graph: !layout.graph.isEmpty
        case .events: layout.eventsTitle != nil
        }
    }

    /// A panel that a smaller screen has no room for gives the keyboard back.
    mutating func settleFocus(_ layout: DashboardLayout) {
        if !isTooSmall, !Self.isSeen(focus, layout) { focus = .table }
    }

    mutating func move(_ movement: ConsoleCommand.Movement) {
        switch view {
        case .slots: return moveInSlots(movement)
        case .reshard: return reshard.wizard.move(movement)
        case .events, .logs: return moveInFeed(movement)
        default: break
        }
        switch (focus, movement) {
        case (.events, _): moveEvents(movement)
        case (.graph, .left): graphShift += Self.graphSteps * graph.secondsPerStep
        case (.graph, .right): graphShift -= Self.graphSteps * graph.secondsPerStep
        default: detail == nil || view == .shard ? moveSelection(movement) : moveDetail(movement)
        }
    }

    /// Steps the graph moves at a key: few against those on the screen.
    static let graphSteps = 10

    mutating func moveEvents(_ movement: ConsoleCommand.Movement) {
        let page = max(1, layout.events.count)
        switch movement {
        case .up: eventsShift += 1
        case .down: eventsShift -= 1
        case .pageUp: eventsShift += page
        case .pageDown: eventsShift -= page
        case .top: eventsShift = max(0, events.count - page)
        case .bottom: eventsShift = 0
        case .left, .right: break
        }
    }

    mutating func moveDetail(_ movement: ConsoleCommand.Movement) {
        guard let id = detail, let row = row(id) else { return }
        let page = max(1, layout.tableRows.count)
        let highest = max(0, DetailText.lines(DetailText.fields(row, in: self), width: width).count - page)
        let moved =
            switch movement {
            case .up: detailTop - 1
            case .down: detailTop + 1
            case .pageUp: detailTop - page
            case .pageDown: detailTop + page
            case .top: 0
            case .bottom: highest
            case .left, .right: detailTop
            }
        detailTop = min(max(0, moved), highest)
    }

    mutating func moveSelection(_ movement: ConsoleCommand.Movement) {
        guard !rows.isEmpty else { return }
        let page = max(1, layout.tableRows.count - 1)
        let index = selectedIndex
        let moved =
            switch movement {
            case .up: index - 1
            case .down: index + 1
            case .pageUp: index - page
            case .pageDown: index + page
            case .top: 0
            case .bottom: rows.count - 1
            case .left: parent(of: index)
            case .right: child(of: index)
            }
        selection = rows[min(max(0, moved), rows.count - 1)].id
    }

    private func parent(of index: Int) -> Int {
        guard case .node = rows[index] else { return 0 }
        return rows[..<index].lastIndex { if case .shard = $0 { true } else { false } } ?? 0
    }

    private func child(of index: Int) -> Int {
        if case .node = rows[index] { return index }
        return index + 1
    }
}
