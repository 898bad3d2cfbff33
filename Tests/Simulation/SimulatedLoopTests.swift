import NIOCore
import Testing

@Suite struct SimulatedLoopTests {
    /// Time and events for one loop.
    private final class World: @unchecked Sendable {
        // Sendable: confined to its test.
        var now: UInt64 = 0
        var queue = EventQueue()
        var log: [String] = []
        private(set) lazy var loop = SimulatedLoop(
            time: { [unowned self] in now },
            schedule: { [unowned self] in queue.add(at: $0, $1) }
        )

        func run(until time: UInt64) {
            while let next = queue.nextTime, next <= time, let item = queue.popFirst() {
                now = item.time
                item.body()
            }
            now = time
        }
    }

    @Test func tasksRunInOrderOfTheirTime() {
        let world = World()
        world.loop.scheduleTask(in: .milliseconds(2)) { world.log.append("late at \(world.now)") }
        world.loop.execute { world.log.append("first at \(world.now)") }
        world.loop.execute { world.log.append("second at \(world.now)") }
        #expect(world.log.isEmpty)
        #expect(world.loop.timers == 1)
        world.run(until: 5_000)
        #expect(world.log == ["first at 0", "second at 0", "late at 2000"])
        #expect(world.loop.timers == 0)
        #expect(world.loop.now == .uptimeNanoseconds(5_000_000))
    }

    @Test func aCancelledTimerDoesNotRun() {
        let world = World()
        let task = world.loop.scheduleTask(in: .milliseconds(1)) { world.log.append("timer") }
        task.cancel()
        #expect(world.loop.timers == 0)
        world.run(until: 5_000)
        #expect(world.log.isEmpty)
    }

    @Test func aRepeatedTaskEndsWhenItIsCancelled() {
        let world = World()
        let ticker = world.loop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(1)) { _ in
            world.log.append("\(world.now)")
        }
        world.run(until: 2_500)
        ticker.cancel()
        world.run(until: 9_000)
        #expect(world.log == ["0", "1000", "2000"])
        #expect(world.loop.timers == 0)
    }

    @Test func aFrozenProcessDoesEverythingLaterInOrder() {
        let world = World()
        world.loop.freeze()
        world.loop.execute { world.log.append("task") }
        world.loop.scheduleTask(in: .milliseconds(1)) { world.log.append("timer") }
        world.run(until: 3_000)
        world.loop.run { world.log.append("call") }
        #expect(world.log.isEmpty)
        world.loop.thaw()
        #expect(world.log == ["task", "timer", "call"])
    }

    @Test func aDeadProcessDoesNothing() {
        let world = World()
        world.loop.execute { world.log.append("task") }
        world.loop.freeze()
        world.run(until: 1_000)
        world.loop.kill()
        world.loop.thaw()
        world.loop.run { world.log.append("call") }
        world.run(until: 2_000)
        #expect(world.log.isEmpty)
    }

    @Test func futuresCompleteOnTheLoop() {
        let world = World()
        world.loop.submit { world.now }.whenSuccess { world.log.append("submitted at \($0)") }
        world.run(until: 1_000)
        #expect(world.log == ["submitted at 0"])
    }
}
