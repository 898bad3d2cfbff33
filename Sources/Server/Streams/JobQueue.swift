/// Work that may block, one job after the other, off every event loop: a thread in a node (`WorkQueue`), events with a delay in
/// a simulation.
package protocol JobQueue: AnyObject, Sendable {
    /// Does the steps of a job in order. A crash may come between any two of them.
    /// - Returns: whether it will be done; not once the queue is being closed.
    @discardableResult
    func add(steps: [@Sendable () -> Void]) -> Bool

    /// Does a job that is over when it has called `done`, once, from any thread: the next one begins then.
    /// - Returns: as above.
    @discardableResult
    func add(job: @escaping @Sendable (_ done: @escaping @Sendable () -> Void) -> Void) -> Bool

    /// Does what has been added, and ends. Blocks; not for event loops, nor for jobs of this queue.
    func close()

    /// The same without blocking: calls `done`, on whatever thread, when everything added before has been done.
    func close(then done: @escaping @Sendable () -> Void)
}

extension WorkQueue: JobQueue {
    @discardableResult
    package func add(steps: [@Sendable () -> Void]) -> Bool {
        add({ for step in steps { step() } })
    }

    @discardableResult
    package func add(job: @escaping @Sendable (_ done: @escaping @Sendable () -> Void) -> Void) -> Bool {
        add({
            let isOver = Answer<Void>()
            job { isOver.give() }
            isOver.wait()
        })
    }
}
