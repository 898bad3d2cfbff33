/// What a command finds where it asks to be let in.
package enum SlotDoor: Hashable, Sendable {
    case open
    /// It is asked again when what is served changes (`StoreSignal.room`).
    case wait
    /// The slot is another shard's: the slot map says whose.
    case elsewhere
}

/// What is served, by slot: `SlotServing` as a table, so that a command pays one load for asking. Guarded by the
/// store's lock.
struct SlotGate: ~Copyable {
    private enum Place: UInt8 {
        case elsewhere, served, writesHeld, held
    }

    /// What it was made of; nil lets everything in.
    private(set) var serving: SlotServing?
    private(set) var isSet = false
    private let places: UnsafeMutablePointer<UInt8>

    init() {
        places = .allocate(capacity: StorageLimits.slotCount)
        places.initialize(repeating: Place.elsewhere.rawValue, count: StorageLimits.slotCount)
    }

    deinit { places.deallocate() }

    mutating func set(_ serving: SlotServing?) {
        self.serving = serving
        isSet = serving != nil
        guard let serving else { return }
        places.update(repeating: Place.elsewhere.rawValue, count: StorageLimits.slotCount)
        // Where sets overlap, the one that lets the least in has the last word.
        fill(serving.served, .served)
        fill(serving.writesHeld, .writesHeld)
        fill(serving.held, .held)
    }

    private func fill(_ slots: SlotSet, _ place: Place) {
        for range in slots.ranges {
            (places + Int(range.lowerBound)).update(repeating: place.rawValue, count: range.count)
        }
    }

    /// Slots of no key are nobody's.
    @inline(__always)
    func door(slot: UInt16, isWrite: Bool) -> SlotDoor {
        guard Int(slot) < StorageLimits.slotCount else { return .elsewhere }
        switch places[Int(slot)] {
        case Place.served.rawValue: return .open
        case Place.writesHeld.rawValue: return isWrite ? .wait : .open
        case Place.held.rawValue: return .wait
        default: return .elsewhere
        }
    }

    func serves(_ slot: UInt16) -> Bool { door(slot: slot, isWrite: true) == .open }
}
