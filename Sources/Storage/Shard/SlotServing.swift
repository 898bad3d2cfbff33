import Model

/// What a shard's leader does with commands, by slot. What is in none of the sets is another shard's: the slot map says
/// whose.
package struct SlotServing: Hashable, Sendable {
    /// Reads and writes are served.
    package var served: SlotSet
    /// Reads are served, writes wait: a hand-over is being drained, or the log is about to say that the slots are here.
    package var writesHeld: SlotSet
    /// Reads and writes wait: another may own the slots already, or this shard any moment.
    package var held: SlotSet

    package init(served: SlotSet = SlotSet(), writesHeld: SlotSet = SlotSet(), held: SlotSet = SlotSet()) {
        self.served = served
        self.writesHeld = writesHeld
        self.held = held
    }
}
