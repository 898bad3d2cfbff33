import Server
import Terminal

/// The console as lines, one after the other: for screen readers, dumb terminals and logs. It has the state and the commands
/// of the screen; what happens becomes sentences, questions are answered by a word. Lines and events in, lines and actions
/// out: no I/O, no clock.
package struct PlainConsole {
    package enum Event: Sendable {
        /// What was typed, without its end.
        case line(String)
        /// Nothing more will be typed.
        case endOfInput
        case console(ConsoleEvent)
    }

    package struct Output {
        /// Safe to print as they are.
        package var lines: [String] = []
        package var actions: [ConsoleAction] = []
    }

    package private(set) var state: ConsoleState
    /// The question that the next line answers.
    private var question: ConfirmDialog?
    private var notice: ConsoleState.Notice?
    private var eventsTold = 0
    private var runningTold: Int?
    /// Whether the next keys and the next value were asked for here, and not by the state for its views.
    private var wantsKeys = false
    private var wantsValue = false

    package init(options: ConsoleOptions) {
        var options = options
        // Its wizard needs a screen; `shoal reshard` has the same steps as lines.
        options.canReshard = false
        state = ConsoleState(options: options, themeNames: [options.theme], width: Self.width, height: Self.height)
    }

    /// For what the state measures by a screen: one that nothing is too large for.
    private static let (width, height) = (200, 100)

    package mutating func update(_ event: Event) -> Output {
        var output = Output()
        switch event {
        case .line(let line): take(line, &output)
        case .endOfInput: output.actions = [.quit]
        case .console(let event):
            output.actions = state.update(event)
            tell(event, &output)
        }
        askIfNeeded(&output)
        tellNews(&output)
        return output
    }

    // MARK: What was typed

    private mutating func take(_ line: String, _ output: inout Output) {
        let line = line.trimmed
        if let question { return answer(question, line, &output) }
        let name = line.split(separator: " ").first.map(String.init) ?? ""
        guard !name.isEmpty else { return }
        if name == Self.statusWord { return output.lines += PlainText.status(state) }
        let found = state.table.commands(named: name)
        guard found.count == 1, let command = found.first else { return run(line, &output) }
        switch command.handler {
        case .view(.dashboard): output.lines += PlainText.status(state)
        case .help: output.lines += PlainText.help(state.table)
        case .view(.events): output.lines += PlainText.events(state)
        case .view(.shard), .view(.node), .open: details(line, &output)
        case let handler where PlainText.isForLines(handler):
            if handler == .scan { wantsKeys = true }
            if handler == .get { wantsValue = true }
            run(line, &output)
        default:
            output.lines.append("\(command.name) is for the screen; help lists what there is here")
        }
    }

    /// `shoal status`, which the screen shows all the time.
    static let statusWord = "status"

    private mutating func run(_ line: String, _ output: inout Output) {
        // Names are given here, so that no view has a row that is meant.
        state.view = .dashboard
        output.actions += state.execute(line)
        // Nobody can type on at a prompt of the screen here.
        if case .prompt = state.input {
            state.input = .none
            output.lines.append("say it in one line: \(line) and what follows; help lists the commands")
        }
    }

    private mutating func details(_ line: String, _ output: inout Output) {
        let names = line.split(separator: " ").dropFirst().map(String.init)
        guard let name = names.first else {
            return output.lines.append("say which: a shard's name or a node's address behind the command")
        }
        guard let row = state.row(.shard(name)) ?? state.row(.node(name)) else {
            return output.lines.append(SafeText.display("there is no node or shard \"\(name)\" in this cluster"))
        }
        output.lines += DetailText.fields(row, in: state).map { SafeText.display("\($0.label): \($0.value)") }
    }

    // MARK: Questions

    private mutating func askIfNeeded(_ output: inout Output) {
        if case .help = state.overlay { state.overlay = .none }
        guard question == nil, case .confirm(let dialog) = state.overlay else { return }
        state.overlay = .none
        question = dialog
        output.lines.append(SafeText.display("\(dialog.title):"))
        output.lines += dialog.lines.map(SafeText.display)
        output.lines.append("\(dialog.verb)? Answer yes; anything else cancels.")
    }

    private mutating func answer(_ dialog: ConfirmDialog, _ line: String, _ output: inout Output) {
        question = nil
        guard line == "yes" else { return output.lines.append("cancelled: nothing was changed") }
        var dialog = dialog
        dialog.isConfirmFocused = true
        state.overlay = .confirm(dialog)
        // As if the button were pressed: what follows from it is the same.
        output.actions += state.update(.key(.enter))
    }

    // MARK: What happened

    private mutating func tell(_ event: ConsoleEvent, _ output: inout Output) {
        guard case .keys(let event) = event else { return }
        switch event {
        case .value(let value):
            if wantsValue { output.lines += PlainText.value(value) }
            wantsValue = false
        case .page(let page):
            if wantsKeys { output.lines += PlainText.page(page) }
            wantsKeys = false
        // The state says what became of them.
        case .done, .failed: break
        }
    }

    private mutating func tellNews(_ output: inout Output) {
        let new = min(state.eventsReceived - eventsTold, state.events.count)
        eventsTold = state.eventsReceived
        output.lines += state.events.suffix(new).map { PlainText.line(of: $0, state.clock) }
        if let said = state.notice, said != notice { output.lines.append(SafeText.display(said.text)) }
        notice = state.notice
        guard let snapshot = state.snapshot else { return }
        let running = snapshot.status.shards.flatMap(\.nodes).count { $0.state == .running }
        guard running != runningTold else { return }
        runningTold = running
        output.lines.append(PlainText.summary(snapshot.status))
    }
}
