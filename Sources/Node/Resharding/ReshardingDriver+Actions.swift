import Coordination
import Logging
import NIOCore
import Replication
import Resharding
import Routing
import Server
import Storage
import Synchronization

/// What the machine decided, done: at the store, on links, at the coordinator.
extension ReshardingDriver {
    func execute(_ action: ReshardingMachine.Action) {
        switch action {
        case .serve(let serving): ended.withLock { ended in if !ended { store.setServing(serving) } }
        case .changeOwnership(let number, let own, let disown, let version):
            appender?.add(.changeOwnership(number: number, own: own.set, disown: disown.set, mapVersion: version))
        case .clear(let number, let slots): appender?.add(.clear(number: number, slots.set))
        case .propose(let proposal): calls.begin { [weak self] in await self?.propose(proposal) }
        case .readCoordinator: calls.begin { [weak self] in await self?.readCoordinator() }
        case .source(let link, let action): execute(action, source: link)
        case .target(let link, let action): execute(action, target: link)
        case .note(let text):
            logger.info("resharding", metadata: ["what": "\(text)"])
            delegate.note(text)
        }
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
            reads.add { [readings, store] in
                let reading = SourceReading(
                    link: link,
                    stream: stream,
                    store: store,
                    slots: slots.set,
                    deliver: deliver
                )
                readings.byLink[link] = reading
                reading.open()
            }
        case .sendChunks(let maxBytes):
            reads.add { [readings] in readings.byLink[link]?.sendChunks(maxBytes: maxBytes) }
        case .readLog(let sequence, let maxBytes):
            reads.add { [readings] in readings.byLink[link]?.readLog(after: sequence, maxBytes: maxBytes) }
        case .pinLog(let sequence): store.pinLog(id: link, after: sequence)
        case .close(let reason):
            stream?.close(because: reason)
            forget(link)
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
        case .clear(let slots): appender?.add(.stage(link: link, slots.set))
        case .importChunk(let chunk): appender?.add(.importChunk(link: link, chunk))
        case .jump(let number, let beyond): appender?.add(.jump(link: link, number: number, beyond: beyond))
        case .close: connections.removeValue(forKey: link)?.close()
        }
    }

    private func visitOnceSent(_ point: Failpoint) {
        guard Failpoint.isArmed else { return }
        eventLoop.scheduleTask(in: .milliseconds(Int64(Failpoint.sendingTime))) { point.visit() }
    }

    private func connect(to text: String, _ hello: MigrationHello, _ link: UInt64) {
        guard let address = try? NodeAddress(text) else {
            return receive(.target(link: link, .closed(reason: "\(text) is no address")))
        }
        connections[link] = MigrationConnection(to: address, hello, eventLoop: group.next()) { [weak self] event in
            self?.receive(.target(link: link, event))
        }
    }

    // MARK: The coordinator

    private func propose(_ proposal: ReshardProposal) async {
        // Only the end of a job writes its document.
        let isEnd = proposal.job != nil
        (isEnd ? Failpoint.jobEnd : .sourcePropose).visit()
        let outcome = await coordinator.propose(proposal, known: delegate.picture())
        if case .committed = outcome { (isEnd ? Failpoint.jobEnded : .sourceProposed).visit() }
        receive(.decided(number: proposal.number, outcome))
    }

    private func readCoordinator() async {
        do throws(CoordinationError) {
            receive(.pictureSeen(try await coordinator.picture()))
        } catch {
            // The watch tells the same, later.
            logger.info("the coordinator can't be read", metadata: ["reason": "\(error.message)"])
        }
    }

    /// What the map says is known only from a picture that has this term; commands wait for it.
    func readUntilInformed() async {
        while !ended.withLock({ $0 }) {
            do throws(CoordinationError) {
                let picture = try await coordinator.picture()
                receive(.pictureSeen(picture))
                if picture.records[shard]?.record?.term ?? 0 >= term { return }
            } catch {
                logger.info("the coordinator can't be read", metadata: ["reason": "\(error.message)"])
            }
            // The pause between attempts of a bounded call. Cancelled: the process ends.
            guard (try? await Task.sleep(for: .milliseconds(ReshardingLimits.retryPause))) != nil else { return }
        }
    }
}
