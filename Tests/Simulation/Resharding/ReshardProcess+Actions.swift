import Replication
import Resharding
import Routing
import Storage
import TestSupport

/// The driver: does what the machine says.
extension ReshardProcess {
    func feed(_ event: ReshardingMachine.Event) {
        // Whatever the lease says, as the driver does: a renewal that was under way may yet bring it back, and what was
        // missed meanwhile nobody would tell again (seed 2817).
        guard isAlive, machine != nil else { return }
        guard let actions = machine?.handle(event, now: cluster.now / 1_000) else { return }
        for action in actions where isAlive { execute(action) }
    }

    private func execute(_ action: ReshardingMachine.Action) {
        switch action {
        case .serve(let serving):
            self.serving = serving
            releaseHeld()
        case .changeOwnership(let number, let own, let disown, _):
            cluster.step(.ownership, at: self)
            guard !isDiskFull else {
                return after(100) { $0.feed(.ownershipFailed(number: number, reason: "no space left")) }
            }
            queue(.ownership(own: own.set, disown: disown.set)) {
                $0.feed(.ownershipChanged(number: number, at: $0.log.committedSequence))
            }
        case .clear(let number, let slots):
            cluster.step(.clean, at: self)
            cluster.trace("\(name) clears \(slots)")
            guard !isDiskFull else {
                return after(100) { $0.feed(.clearFailed(number: number, reason: "no space left")) }
            }
            queue(.clear(slots.set)) {
                $0.feed(.cleared(number: number))
                $0.feed(.leftovers($0.log.leftovers))
            }
        case .propose(let proposal): propose(proposal)
        case .readCoordinator: readCoordinator()
        case .source(let link, let action): execute(action, link)
        case .target(let link, let action): execute(action, link)
        case .note(let text): cluster.trace("\(name): \(text)")
        }
    }

    private func propose(_ proposal: ReshardProposal) {
        cluster.step(proposal.job == nil ? .propose : .ending, at: self)
        cluster.coordinator.call(
            self,
            { [cluster] in cluster.coordinator.decide(proposal) },
            { [weak self] outcome in
                self?.soon { process in
                    if proposal.job == nil { process.cluster.step(.decided, at: process) }
                    process.feed(.decided(number: proposal.number, outcome ?? .unknown))
                }
            }
        )
    }

    private func readCoordinator() {
        cluster.coordinator.call(
            self,
            { [cluster] in cluster.coordinator.picture },
            { [weak self] picture in
                guard let picture else { return }
                self?.soon { $0.feed(.pictureSeen(picture)) }
            }
        )
    }

    // MARK: As a source

    private func execute(_ action: MigrationSourceMachine.Action, _ link: UInt64) {
        switch action {
        case .send(let frame):
            note(frame)
            links[link]?.send(frame, toSource: false)
        case .openCopy(let slots): after(cluster.random.pick(50...3_000)) { $0.openCopy(slots.set, link) }
        case .sendChunks: after(cluster.random.pick(50...4_000)) { $0.sendChunk(link) }
        case .readLog(let sequence, _): after(cluster.random.pick(20...1_500)) { $0.readLog(after: sequence, link) }
        case .pinLog: break
        case .close:
            links.removeValue(forKey: link)?.close(bySource: true)
            cursors[link] = nil
        }
    }

    /// The connection of a target is gone, and with it what was being read for it.
    func forget(_ link: UInt64) {
        links[link] = nil
        cursors[link] = nil
        feed(.source(link: link, .closed))
    }

    private func openCopy(_ slots: SlotSet, _ link: UInt64) {
        guard isLeaseValid else { return }
        apply()
        let keys = engine.values.keys.filter { slots.contains(cluster.keys.slot(of: $0)) }
        cursors[link] = CopyCursor(keys: [], slots: slots)
        let position = Position(term: term, sequence: applied == 0 ? 0 : log.entries[applied - 1].sequence)
        cluster.trace("\(name) opens a copy of \(SlotList(slots).short) at \(position), link \(link)")
        feed(.source(link: link, .copyOpened(position: position, keys: UInt64(keys.count), bytes: 0)))
    }

    /// One or two keys at a time, each time of the engine as it is by then.
    private func sendChunk(_ link: UInt64) {
        // What another leader appends is not in this one's log: the model has one log for all of them.
        guard isLeaseValid, let cursor = cursors[link], let connection = links[link] else { return }
        let order = { [cluster] (key: Int) in (cluster.keys.slot(of: key), key) }
        let last = cursor.keys.last.map(order)
        let rest = engine.values.keys.filter { cursor.slots.contains(cluster.keys.slot(of: $0)) }
            .filter { key in last.map { order(key) > $0 } ?? true }.sorted { order($0) < order($1) }
        let some = rest.prefix(1 + cluster.random.pick(below: 2))
        cursors[link]?.keys += some
        var builder = MigrationChunkBuilder()
        for key in some {
            guard let stored = engine.values[key] else { continue }
            append(key, stored.value, stored.version, to: &builder)
        }
        let chunk = builder.finish()
        if let chunk { connection.send(.chunk(chunk), toSource: false) }
        let isLast = some.count == rest.count
        let event = MigrationSourceMachine.Event.chunksSent(
            keys: UInt64(some.count),
            bytes: chunk?.bytes.count ?? 0,
            isLast: isLast
        )
        feed(.source(link: link, event))
    }

    private func append(_ key: Int, _ value: Tokens?, _ version: UInt64, to builder: inout MigrationChunkBuilder) {
        let slot = cluster.keys.slot(of: key)
        cluster.keys.names[key].withUnsafeBytes { name in
            guard let value else {
                return builder.append(MigrationEntry(kind: .delete, slot: slot, version: version, key: name))
            }
            ReshardKeys.bytes(of: value).withUnsafeBytes { bytes in
                builder.append(MigrationEntry(kind: .put, slot: slot, version: version, key: name, value: bytes))
            }
        }
    }

    private func readLog(after sequence: UInt64, _ link: UInt64) {
        // What another leader appends is not in this one's log: the model has one log for all of them.
        guard isLeaseValid, let cursor = cursors[link], let connection = links[link] else { return }
        var builder = MigrationChunkBuilder()
        var through = sequence
        var left = cluster.random.pick(1...30)
        for entry in log.entries[..<log.committed] where entry.sequence > sequence {
            guard left > 0 else { break }
            left -= 1
            through = entry.sequence
            guard let (key, value, version) = moved(entry, cursor.slots) else { continue }
            append(key, value, version, to: &builder)
        }
        let chunk = builder.finish()
        if let chunk { connection.send(.chunk(chunk), toSource: false) }
        let rest = log.entries[..<log.committed].reversed().prefix { $0.sequence > through }.count
        let event = MigrationSourceMachine.Event.logRead(
            through: through,
            bytes: chunk?.bytes.count ?? 0,
            bytesLeft: UInt64(rest) * 100
        )
        feed(.source(link: link, event))
    }

    /// What an entry says of moving slots.
    private func moved(_ entry: ReshardLogEntry, _ slots: SlotSet) -> (Int, Tokens?, UInt64)? {
        switch entry.record {
        case .write(let key, _, let after) where slots.contains(cluster.keys.slot(of: key)):
            return (key, after, entry.sequence)
        case .imported(let key, _, _) where slots.contains(cluster.keys.slot(of: key)):
            cluster.truth.fail("\(name) ships an imported record of a slot that it gives away: it began too early")
            return nil
        case .clear(let cleared) where !cleared.isDisjoint(with: slots):
            let both = cleared.subtracting(cleared.subtracting(slots))
            cluster.truth.fail("\(name) cleared slots \(both.ranges), which it gives away, at \(entry.sequence)")
            return nil
        default: return nil
        }
    }

    private func note(_ frame: MigrationFrame) {
        switch frame {
        case .accept: cluster.step(.accept, at: self)
        case .copied: cluster.step(.copied, at: self)
        case .final: cluster.step(.final, at: self)
        case .owned: cluster.step(.owned, at: self)
        case .released: cluster.step(.released, at: self)
        case .ask: cluster.step(.ask, at: self)
        case .confirm: cluster.step(.confirm, at: self)
        case .refuse, .chunk, .mark, .acknowledge: break
        }
    }

    // MARK: As a target

    private func execute(_ action: MigrationTargetMachine.Action, _ link: UInt64) {
        switch action {
        case .connect(let address, let hello): connect(to: address, hello, link)
        case .send(let frame):
            note(frame)
            outgoing[link]?.send(frame, toSource: true)
        case .clear(let slots):
            guard !isDiskFull else { return importFailed(link) }
            cluster.trace("\(name) clears \(slots.short) to stage them")
            queue(.clear(slots.set)) { _ in }
        case .importChunk(let chunk): take(chunk, link)
        case .jump(let number, let beyond):
            guard !isDiskFull else { return importFailed(link) }
            queue(.jump(beyond: beyond)) { $0.feed(.target(link: link, .jumped(number: number))) }
        case .close: outgoing.removeValue(forKey: link)?.close(bySource: false)
        }
    }

    private func importFailed(_ link: UInt64) {
        after(100) { $0.feed(.target(link: link, .importFailed(reason: "no space left"))) }
    }

    private func connect(to address: String, _ hello: MigrationHello, _ link: UInt64) {
        after(cluster.random.pick(100...2_000)) { process in
            let cluster = process.cluster
            guard let source = cluster.process(at: address), cluster.random.chance(0.97) else {
                return process.feed(.target(link: link, .closed(reason: "connection refused")))
            }
            let connection = ReshardLink(cluster: cluster, target: process, source: source, link: link)
            process.outgoing[link] = connection
            cluster.connections.append(connection)
            connection.open(hello)
        }
    }

    private func take(_ chunk: MigrationChunk, _ link: UInt64) {
        guard !isDiskFull else { return importFailed(link) }
        var entries: [(Int, Tokens?, UInt64)] = []
        func note(_ entry: MigrationEntry) {
            guard let key = cluster.keys.number(of: entry.key) else { return }
            let value = entry.kind == .put ? ReshardKeys.tokens(of: entry.value) : nil
            entries.append((key, value, entry.version))
        }
        chunk.forEachEntry(note)
        for (index, (key, value, version)) in entries.enumerated() {
            queue(.imported(key: key, value: value, version: version)) { process in
                guard index == entries.count - 1 else { return }
                process.feed(.target(link: link, .imported(bytes: chunk.bytes.count)))
            }
        }
    }
}
