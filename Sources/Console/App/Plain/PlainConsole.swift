import Model
import Server
import Terminal

/// The console as lines, one after the other: for screen readers, dumb terminals, scripts and logs. It has the state and the
/// commands of the screen; what happens becomes sentences, questions are answered by a word. Lines and events in, lines and
/// actions out: no I/O, no clock.
package struct PlainConsole {
    package enum Event: Sendable {
        /// What was typed, without its end.
        case line(String)
        /// A line that can't be taken, and why.
        case refused(String)
        /// Nothing more will be typed.
        case endOfInput
        case console(ConsoleEvent)
    }

    package struct Output {
        /// Safe to print as they are.
        package var lines: [String] = []
        package var actions: [ConsoleAction] = []
    }

    /// An answer about keys comes within a client's own time-outs, or never.
    package static let answerMilliseconds = 60_000
    /// A script's first line waits no longer for the cluster it is about.
    package static let beginMilliseconds = 60_000

    package private(set) var state: ConsoleState
    /// Lines come from a file or a program: each waits until what the one before asked for is done.
    private let isScript: Bool
    /// Whether anything that was asked for was not done. What a script's exit code says.
    package private(set) var hasFailed = false
    /// The question that the next line answers.
    private var question: ConfirmDialog?
    private var notice: Notice?
    private var eventsTold = 0
    private var runningTold: Int?
    /// What was asked about keys here, and not by the state for its views; since when.
    private var asked: (command: KeysCommand, at: Int)?
    /// What is under way, keys and nodes.
    private var underWay: [AuditEntry] = []
    private var hasBegun: Bool
    private var hasEnded = false

    /// - Parameter isScript: nobody sits at the other end.
    package init(options: ConsoleOptions, isScript: Bool = false) {
        var options = options
        // Its wizard needs a screen; `shoal reshard` has the same steps as lines.
        options.canReshard = false
        state = ConsoleState(options: options, themeNames: [options.theme], width: Self.width, height: Self.height)
        state.hasScreen = false
        self.isScript = isScript
        hasBegun = !isScript
    }

    /// For what the state measures by a screen: one that nothing is too large for.
    private static let (width, height) = (200, 100)

    /// Whether the next line has to wait. Never for ever: everything that is waited for ends by itself.
    package var isBusy: Bool { !hasBegun || asked != nil || isScript && !underWay.isEmpty }

    package mutating func update(_ event: Event) -> Output {
        var output = Output()
        switch event {
        case .line(let line): take(line, &output)
        case .refused(let reason): refuse(reason, &output)
        case .endOfInput: end(&output)
        case .console(let event):
            output.actions = state.update(event)
            tell(event, &output)
        }
        askIfNeeded(&output)
        if case .line = event { noteFailure() }
        tellNews(&output)
        follow(&output)
        begin(&output)
        if hasEnded, asked == nil, underWay.isEmpty, !output.actions.contains(.quit) { output.actions.append(.quit) }
        return output
    }

    // MARK: What was typed

    private mutating func take(_ line: String, _ output: inout Output) {
        if let question { return answer(question, line, &output) }
        // As after the colon of the screen, which hints show.
        let line = (line.trimmed.hasPrefix(":") ? String(line.trimmed.dropFirst()) : line).trimmed
        let name = line.split(separator: " ").first.map(String.init) ?? ""
        guard !name.isEmpty else { return }
        if name == Self.statusWord { return output.lines += PlainText.status(state) }
        let found = state.table.commands(named: name)
        guard found.count == 1, let command = found.first else {
            if found.isEmpty { return refuse(PlainText.unknown(name, isReadOnly: state.options.isReadOnly), &output) }
            return run(line, &output)
        }
        switch command.handler {
        case .view(.dashboard): output.lines += PlainText.status(state)
        case .help: output.lines += PlainText.help(state.table)
        case .view(.events): output.lines += PlainText.events(state)
        case .view(.shard), .view(.node), .open: details(line, &output)
        case let handler where PlainText.isForLines(handler): run(line, &output)
        default: refuse(PlainText.notHere(command), &output)
        }
    }

    /// `shoal status`, which the screen shows all the time.
    static let statusWord = "status"

    private mutating func refuse(_ why: String, _ output: inout Output) {
        hasFailed = true
        output.lines.append(SafeText.display(why))
    }

    private mutating func run(_ line: String, _ output: inout Output) {
        // Names are given here, so that no view has a row that is meant.
        state.view = .dashboard
        // Nor does a value stay open, which would be read again after the next write.
        state.keys.close()
        let actions = state.execute(line)
        state.audit(actions)
        ask(actions, &output)
        // Nobody can type on at a prompt of the screen here.
        if case .prompt = state.input {
            state.input = .none
            refuse("say it in one line: \(line) and what follows; help lists the commands", &output)
        }
    }

    private mutating func ask(_ actions: [ConsoleAction], _ output: inout Output) {
        output.actions += actions
        for case .keys(let command) in actions { asked = (command, state.clock.milliseconds) }
    }

    private mutating func details(_ line: String, _ output: inout Output) {
        let names = line.split(separator: " ").dropFirst().map(String.init)
        guard let name = names.first else {
            return refuse("say which: a shard's name or a node's address after the command", &output)
        }
        guard let row = state.row(.shard(name)) ?? state.row(.node(name)) else {
            return refuse("there is no node or shard \"\(name)\" in this cluster", &output)
        }
        output.lines += DetailText.fields(row, in: state.context, state.details).map {
            SafeText.display("\($0.label): \($0.value)")
        }
    }

    private mutating func end(_ output: inout Output) {
        hasEnded = true
        if let question, question.action != .quit {
            refuse("\(question.title): not answered, so nothing was changed", &output)
        } else if asked != nil || !underWay.isEmpty {
            output.lines.append("ends when what is under way is done; Ctrl-C ends at once")
        }
        question = nil
    }

    // MARK: Questions

    private mutating func askIfNeeded(_ output: inout Output) {
        if case .help = state.overlay { state.overlay = .none }
        guard question == nil, case .confirm(let dialog) = state.overlay else { return }
        state.overlay = .none
        question = dialog
        output.lines.append(SafeText.display("\(dialog.title):"))
        output.lines += dialog.lines.map(SafeText.display)
        output.lines.append(SafeText.display("\(dialog.verb)? Answer \(PlainText.yes(dialog)); anything else cancels."))
    }

    private mutating func answer(_ dialog: ConfirmDialog, _ line: String, _ output: inout Output) {
        question = nil
        var dialog = dialog
        dialog.typed?.editor.replace(with: line)
        guard dialog.typed == nil ? line.trimmed == "yes" : dialog.isAllowed else {
            return refuse("cancelled: nothing was changed", &output)
        }
        dialog.isConfirmFocused = true
        state.overlay = .confirm(dialog)
        // As if the button were pressed: what follows from it is the same.
        ask(state.update(.key(.enter)), &output)
    }

    // MARK: What happened

    private mutating func tell(_ event: ConsoleEvent, _ output: inout Output) {
        guard case .keys(let event) = event, let asked else { return }
        switch event {
        case .value(let value):
            guard asked.command == .read(value.key) else { return }
            output.lines += PlainText.value(value)
        case .page(let page):
            guard case .page(_, page.number) = asked.command else { return }
            output.lines += PlainText.page(page)
            if !page.missing.isEmpty { hasFailed = true }
        // The state says what became of these.
        case .done(let command): if command != asked.command { return }
        case .failed(let command, _):
            guard command == asked.command else { return }
            hasFailed = true
        }
        self.asked = nil
    }

    /// What the state had to say about a line that it did not take.
    private mutating func noteFailure() {
        guard let said = state.notice, said != notice else { return }
        if said.severity == .warning || said.severity == .error { hasFailed = true }
    }

    private mutating func tellNews(_ output: inout Output) {
        let new = min(state.events.received - eventsTold, state.events.newest.count)
        eventsTold = state.events.received
        output.lines += state.events.newest.suffix(new).map { PlainText.line(of: $0, state.clock) }
        if let said = state.notice, said != notice { output.lines.append(SafeText.display(said.text)) }
        notice = state.notice
        guard let snapshot = state.snapshot else { return }
        let running = snapshot.status.shards.flatMap(\.nodes).count { $0.state == .running }
        guard running != runningTold else { return }
        runningTold = running
        output.lines.append(PlainText.summary(snapshot.status))
    }

    /// Looks what became of what was under way.
    private mutating func follow(_ output: inout Output) {
        if let late = asked, state.clock.milliseconds - late.at >= Self.answerMilliseconds {
            asked = nil
            state.events.finish(.keys(late.command), "no answer", isGood: false)
            refuse("no answer in \(Self.answerMilliseconds / 1_000) s: it may have been done, or not", &output)
        }
        for entry in underWay {
            let now = state.events.audit.entries.last {
                $0.unixSeconds == entry.unixSeconds && $0.action == entry.action
            }
            guard let now, now.outcome == .bad else { continue }
            hasFailed = true
            // About keys it has been said.
            if case .keys = now.action { continue }
            output.lines.append(SafeText.display("\(now.what): \(now.result)"))
        }
        underWay = state.events.audit.entries.filter { $0.outcome == .underWay }
    }

    /// A script is about a cluster that is there; with nodes inside, about one that runs.
    private mutating func begin(_ output: inout Output) {
        guard !hasBegun else { return }
        let isThere = state.snapshot.map { snapshot in
            let shards = snapshot.status.shards
            let nodes = shards.flatMap(\.nodes)
            return !state.options.startsNodes || nodes.contains { $0.state == .failed }
                || shards.allSatisfy { $0.runningLeader != nil } && nodes.allSatisfy(\.state.serves)
        }
        hasBegun = isThere ?? false
        guard !hasBegun, let start = state.startedAt, state.clock.milliseconds - start >= Self.beginMilliseconds else {
            return
        }
        hasBegun = true
        output.lines.append("the cluster does not run as it should; the first line is taken all the same")
    }
}
