import Coordination
import Logging
import Model
import NIOCore
import Replication
import Resharding
import Server
import Storage
import Synchronization

/// What the machine decided, done: at the store, on links, at the coordinator. On the event loop.
extension ReshardingDriver {
    func execute(_ action: ReshardingMachine.Action) {
        switch action {
        case .serve(let serving): serve(serving)
        case .changeOwnership(let number, let own, let disown, let version):
            appender.add(.changeOwnership(number: number, own: own.set, disown: disown.set, mapVersion: version))
        case .clear(let number, let slots): appender.add(.clear(number: number, slots.set))
        case .propose(let proposal): propose(proposal)
        case .readCoordinator: readCoordinator()
        case .source(let link, let action): execute(action, source: link)
        case .target(let link, let action): execute(action, target: link)
        case .note(let text):
            logger.info("resharding", metadata: ["what": "\(text)"])
            delegate.note(text)
        }
    }

    private func serve(_ wanted: SlotServing) {
        var serving = wanted
        if plants(.keepsHolds) {
            stuck.formUnion(wanted.writesHeld.subtracting(wanted.writesHeld.subtracting(lastServed)))
            stuck.subtract(stuck.subtracting(wanted.served.union(wanted.writesHeld)))
            lastServed = wanted.served
            serving.writesHeld.formUnion(stuck)
            serving.served.subtract(stuck)
        }
        ended.withLock { ended in if !ended { store.setServing(serving) } }
    }

    private func execute(_ action: MigrationSourceMachine.Action, source link: UInt64) {
        let stream = links.withLock { $0.streams[link] }
        switch action {
        case .send(let frame):
            stream?.send(frame)
            if case .final = frame { visitOnceSent(.sourceFinal) }
        case .openCopy(let slots):
            guard let stream else { return }
            Failpoint.sourceAccept.visit()
            let deliver: @Sendable (ReshardingMachine.Event) -> Void = { [weak self] in self?.receive($0) }
            let (steps, keepsView) = (tools.steps, plants(.keepsView))
            add { [readings, store] in
                let reading = SourceReading(
                    link: link,
                    stream: stream,
                    store: store,
                    slots: slots.set,
                    steps: steps,
                    keepsView: keepsView,
                    deliver: deliver
                )
                readings.byLink[link] = reading
                reading.open()
            }
        case .sendChunks(let maxBytes):
            add { [readings] in readings.byLink[link]?.sendChunks(maxBytes: maxBytes) }
        case .readLog(let sequence, let maxBytes):
            add { [readings] in readings.byLink[link]?.readLog(after: sequence, maxBytes: maxBytes) }
        case .pinLog(let sequence):
            // A link that has gone meanwhile has let go of its pin.
            if stream != nil { store.pinLog(id: link, after: sequence) }
        case .close(let reason):
            forget(link)
            stream?.close(because: reason)
        }
    }

    private func execute(_ action: MigrationTargetMachine.Action, target link: UInt64) {
        switch action {
        case .connect(let address, let hello):
            Failpoint.targetHello.visit()
            connect(to: address, hello, link)
        case .send(let frame):
            if case .ask = frame { Failpoint.targetAsk.visit() }
            connections[link]?.send(frame)
            if case .confirm = frame { visitOnceSent(.targetConfirmed) }
        case .clear(let slots): appender.add(.stage(link: link, slots.set))
        case .importChunk(let chunk): appender.add(.importChunk(link: link, chunk))
        case .jump(let number, let beyond): appender.add(.jump(link: link, number: number, beyond: beyond))
        case .close: connections.removeValue(forKey: link)?.close()
        }
    }

    /// On the reading thread, behind all that was added before.
    func add(_ read: @escaping @Sendable () -> Void) { tools.reads.add(steps: [read]) }

    private func visitOnceSent(_ point: Failpoint) {
        guard Failpoint.isArmed else { return }
        eventLoop.scheduleTask(in: .milliseconds(Int64(Failpoint.sendingTime))) { point.visit() }
    }

    private func connect(to text: String, _ hello: MigrationHello, _ link: UInt64) {
        guard let address = try? NodeAddress(text) else {
            return receive(.target(link: link, .closed(reason: "\(text) is no address")))
        }
        connections[link] = MigrationConnection(to: address, hello, connector: tools.connector) { [weak self] event in
            self?.receive(.target(link: link, event))
        }
    }

    // MARK: The coordinator

    private func propose(_ proposal: ReshardProposal) {
        // Only the end of a job writes its document.
        let isEnd = proposal.job != nil
        (isEnd ? Failpoint.jobEnd : .sourcePropose).visit()
        tools.coordinator.propose(proposal, known: delegate.known()) { [weak self] outcome in
            if case .committed = outcome { (isEnd ? Failpoint.jobEnded : .sourceProposed).visit() }
            self?.receive(.decided(number: proposal.number, outcome))
        }
    }

    private func readCoordinator() {
        tools.coordinator.read { [weak self] result in
            switch result {
            case .success(let seen): self?.receive(.snapshotSeen(seen))
            // The watch tells the same, later.
            case .failure(let error): self?.noteUnread(error)
            }
        }
    }

    /// What the map says is known only from a snapshot that has this term; commands wait for it.
    func readUntilInformed() {
        tools.coordinator.read { [weak self, eventLoop] result in
            eventLoop.execute { [weak self] in self?.take(result) }
        }
    }

    private func take(_ result: Result<CoordinatorSnapshot, CoordinationError>) {
        if ended.withLock({ $0 }) { return }
        switch result {
        case .success(let seen):
            handle(.snapshotSeen(seen))
            if seen.records[identity.shard]?.record?.term ?? 0 >= identity.term { return }
        case .failure(let error): noteUnread(error)
        }
        nextRead = eventLoop.scheduleTask(in: .milliseconds(Int64(ReshardingLimits.retryPause))) { [weak self] in
            self?.readUntilInformed()
        }
    }

    func noteUnread(_ error: CoordinationError) {
        logger.info("the coordinator can't be read", metadata: ["reason": "\(error.message)"])
    }
}
