import Model

/// What is served, by slot: `SlotServing` as a table, so that a command pays one load for asking. Guarded by the
/// store's lock.
struct SlotGate: ~Copyable {
    private enum Place: UInt8 {
        case others, served, writesHeld, held
    }

    /// What it was made of; nil lets everything in.
    private(set) var serving: SlotServing?
    private(set) var isSet = false
    private let places: UnsafeMutablePointer<UInt8>

    init() {
        places = .allocate(capacity: StorageLimits.slotCount)
        places.initialize(repeating: Place.others.rawValue, count: StorageLimits.slotCount)
    }

    deinit { places.deallocate() }

    mutating func set(_ serving: SlotServing?) {
        self.serving = serving
        isSet = serving != nil
        guard let serving else { return }
        places.update(repeating: Place.others.rawValue, count: StorageLimits.slotCount)
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
    func admits(slot: UInt16, isWrite: Bool) -> Admission.Gate {
        guard Int(slot) < StorageLimits.slotCount else { return .redirect }
        switch places[Int(slot)] {
        case Place.served.rawValue: return .serve
        case Place.writesHeld.rawValue: return isWrite ? .park : .serve
        case Place.held.rawValue: return .park
        default: return .redirect
        }
    }

    func serves(_ slot: UInt16) -> Bool { admits(slot: slot, isWrite: true) == .serve }
}
