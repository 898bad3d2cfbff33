import Model
import Server
import Terminal

extension ConsoleState {
    /// A key goes to the topmost thing that takes keys: dialog, help, input line, and then the command table.
    mutating func press(_ key: Key) -> [ConsoleAction] {
        let command = table.command(for: key, in: view)
        // Ctrl-C asks to leave wherever one is, also while typing.
        if key == .ctrl("c"), let command {
            input = .none
            overlay = .none
            return run(command)
        }
        if isTooSmall, overlay == .none {
            return command?.handler == .quit ? command.map { run($0) } ?? [] : []
        }
        switch overlay {
        case .confirm(let dialog): return press(key, in: dialog)
        case .help:
            overlay.pressInHelp(command?.handler, table, context)
            return []
        case .none: break
        }
        switch input {
        case .command(let editor): return press(key, inCommand: editor)
        case .filter(let editor): return press(key, inFilter: editor)
        case .prompt(let prompt, let editor): return press(key, in: prompt, editor)
        case .none: break
        }
        if view == .reshard, let effects = reshard.type(key, now: clock.milliseconds) { return perform(effects) }
        guard let command else { return [] }
        notice = nil
        return run(command)
    }

    private mutating func press(_ key: Key, in dialog: ConfirmDialog) -> [ConsoleAction] {
        var dialog = dialog
        let outcome = dialog.press(key)
        if case .open = outcome {
            overlay = .confirm(dialog)
            return []
        }
        overlay = .none
        switch outcome {
        case .open, .cancelled: return []
        case .notTyped(let name):
            say("nothing was done: that was not \(name)")
            return []
        case .agreed: break
        }
        if case .reshard(.cancel) = dialog.action { say("aborting the reshard") }
        if case .restart = dialog.action { list.marked = [] }
        let agreed = perform(nodes.agree(to: dialog.action, context.shards, now: clock.milliseconds))
        if case .several(let actions) = dialog.action { return agreed + actions }
        return agreed + [dialog.action]
    }

    // MARK: Lines that are typed

    mutating func beginCommand() {
        input = .command(LineEditor())
        commandInput.begin()
        notice = nil
    }

    mutating func beginFilter() {
        input = .filter(LineEditor(list.filter))
        notice = nil
    }

    private mutating func press(_ key: Key, inCommand editor: LineEditor) -> [ConsoleAction] {
        let completion = self.completion
        switch commandInput.press(key, editor, completion) {
        case .typing(let editor): input = .command(editor)
        case .closed: input = .none
        case .given(let line):
            input = .none
            return execute(line)
        }
        return []
    }

    private mutating func press(_ key: Key, inFilter editor: LineEditor) -> [ConsoleAction] {
        var editor = editor
        let isOnTable = view == .dashboard && focus == .table && list.detail == nil
        switch key {
        case .enter: input = .none
        case .escape:
            input = .none
            list.filter("", snapshot?.status)
        case .up: return isOnTable ? perform(move(.up)) : []
        case .down: return isOnTable ? perform(move(.down)) : []
        default:
            editor.press(key)
            input = .filter(editor)
            if editor.text != list.filter { list.filter(editor.text, snapshot?.status) }
        }
        return []
    }

    private mutating func press(_ key: Key, in prompt: Prompt, _ editor: LineEditor) -> [ConsoleAction] {
        var editor = editor
        switch key {
        case .enter:
            input = .none
            if prompt == .find { findInFeed(editor.text) }
            return perform(keys.accept(editor.text, for: prompt, now: clock.milliseconds))
        case .escape: input = .none
        default:
            editor.press(key)
            input = .prompt(prompt, editor)
        }
        return []
    }

    /// Runs what was typed after `:`.
    mutating func execute(_ line: String) -> [ConsoleAction] {
        switch table.parse(line) {
        case .nothing: return []
        case .command(let command, let argument):
            commandInput.remember(line)
            return run(command, argument: argument)
        case .refused(let reason):
            commandInput.remember(line)
            say(reason, .error)
            return []
        }
    }

    /// What a line after `:` could become.
    private var completion: (String) -> Completion {
        let shards = context.shards
        let targets = shards.map(\.name) + shards.flatMap { $0.nodes.map(\.address) }
        return { [table, theme] in Completion(of: $0, table: table, targets: targets, themes: theme.names) }
    }

    /// What could follow, for the list above the command line.
    package func candidates(for editor: LineEditor) -> [Completion.Candidate] {
        (commandInput.completion ?? completion(editor.text)).candidates
    }

    mutating func paste(_ text: String) {
        switch input.paste(text) {
        case .nowhere: if view == .reshard, reshard.isOpen { reshard.wizard.paste(text, now: clock.milliseconds) }
        case .taken:
            commandInput.forgetCompletion()
            if case .filter(let editor) = input { list.filter(editor.text, snapshot?.status) }
        case .tooLong:
            commandInput.forgetCompletion()
            let most = "a line has at most \(LineEditor.limit) characters, nothing was done"
            say("\(most): shoal put KEY - < FILE writes long values", .warning)
        }
    }

    // MARK: Moving

    mutating func move(_ movement: ConsoleCommand.Movement) -> [ViewEffect] {
        switch view {
        case .keys: return keys.move(movement, context)
        case .slots: slots.move(movement, context)
        case .reshard: reshard.wizard.move(movement)
        case .events: events.move(movement, context)
        case .logs: logs.move(movement, context)
        case .dashboard, .shard, .node:
            switch (focus, movement) {
            case (.events, _): events.movePanel(movement, page: layout.events.count)
            case (.graph, .left): graph.move(1)
            case (.graph, .right): graph.move(-1)
            default: moveRows(movement)
            }
        }
        return []
    }

    /// In the table, or in what stands in its place.
    private mutating func moveRows(_ movement: ConsoleCommand.Movement) {
        let page = layout.tableRows.count
        if list.detail == nil || view == .shard { return list.moveSelection(movement, page: page) }
        guard let lines = detailLines else { return }
        list.moveDetail(movement, page: page, lines: lines.count)
    }
}

// MARK: The mouse

extension ConsoleState {
    /// Lines that a notch of the wheel moves.
    private static let wheelLines = 3

    /// What lies at a cell of the screen.
    package func target(x: Int, y: Int) -> MouseTarget { ScreenMap(state: self).target(x: x, y: y) }

    mutating func receive(_ event: MouseEvent) -> [ConsoleAction] {
        guard mouse.isOn else { return [] }
        let target = target(x: event.x, y: event.y)
        switch event.kind {
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
        case .confirm:
            guard case .confirm(var dialog) = overlay, dialog.isAllowed else { break }
            dialog.isConfirmFocused = true
            overlay = .confirm(dialog)
            return press(.enter)
        case .panel(let panel): focus = panel
        case .row(let id):
            // A first click selects, one on what is selected opens it.
            let wasThere = focus == .table && list.selection == id
            focus = .table
            list.selection = id
            return wasThere ? press(.enter) : []
        case .key(let index): return perform(keys.click(index))
        case .slot(let slot): slots.click(slot, context)
        case .shard(let place): slots.click(shard: place, context)
        }
        return []
    }

    /// Scrolls what is under the pointer; what has the keyboard keeps it.
    private mutating func turnWheel(
        over target: MouseTarget,
        _ movement: ConsoleCommand.Movement
    ) -> [ConsoleAction] {
        let direction = movement == .up ? 1 : -1
        switch target {
        case .nothing, .hint, .notice, .cancel, .confirm: break
        case .help, .helpFoot: repeated { _ = $0.press(movement == .up ? .up : .down) }
        case .row, .panel(.table): repeated { $0.moveRows(movement) }
        case .panel(.graph): graph.move(direction, steps: Self.wheelLines)
        case .panel(.events): repeated { $0.events.movePanel(movement, page: $0.layout.events.count) }
        case .feed, .value: repeated { _ = $0.move(movement) }
        case .key, .keyList: return perform(keys.scrollList(by: -direction * Self.wheelLines, context))
        case .slot: slots.scroll(.grid, movement, times: 1, context)
        case .shard, .legend:
            // Turning over a list of which nothing is chosen chooses nothing.
            if slots.panel == .shards { slots.scroll(.shards, movement, times: Self.wheelLines, context) }
        case .wizard:
            // Where there is something to read; in lists and fields the wheel would choose.
            guard [.plan, .rehearsal, .progress, .summary].contains(reshard.shownStep) else { break }
            repeated { $0.reshard.wizard.move(movement) }
        }
        return []
    }

    private mutating func repeated(_ step: (inout ConsoleState) -> Void) {
        for _ in 0..<Self.wheelLines { step(&self) }
    }
}
