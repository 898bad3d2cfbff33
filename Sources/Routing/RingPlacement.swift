import Model

/// Consistent hashing over slots.
package enum RingPlacement {
    /// Points of each shard on the ring. The share of one of N shards has a relative standard deviation of about
    /// sqrt(1/4096 + N/16384): the arcs between points vary, and a slot is not divided. More points would not help the
    /// second part.
    package static let virtualNodes = 4096

    /// The stated bound: with up to `boundedShards` shards each owns between 1 - 0.2 and 1 + 0.2 times the even share
    /// (more than five standard deviations).
    package static let imbalanceMax = 0.2

    /// Beyond this many shards slots are too few for the bound; `fixed` is the policy to use there.
    package static let boundedShards = 16

    /// The bound for any number of shards, as a part of the even share: beyond `boundedShards` five standard deviations.
    package static func imbalanceBound(shards: Int) -> Double {
        guard shards > boundedShards else { return imbalanceMax }
        let variance = 1 / Double(virtualNodes) + Double(shards) / Double(StorageLimits.slotCount)
        return max(imbalanceMax, 5 * variance.squareRoot())
    }

    /// The owner of each slot. The points depend on a shard's name alone, so its neighbours never change places.
    static func owners(shards: [String]) -> [UInt16] {
        // The ring is looked at in slots' places only: of the points between two slots, the first clockwise counts.
        var nearest = [(point: UInt64, shard: UInt16)?](repeating: nil, count: StorageLimits.slotCount)
        for (index, name) in shards.enumerated() {
            let seed = hash(name)
            for node in 0..<virtualNodes {
                let point = mix(seed &+ UInt64(node) &* 0x9E37_79B9_7F4A_7C15)
                let place = Int(point >> slotShift)
                if let other = nearest[place] {
                    // Equal points (practically never) go by name, not by order, to stay independent of indexes.
                    let isNearer = (point, name) < (other.point, shards[Int(other.shard)])
                    if !isNearer { continue }
                }
                nearest[place] = (point, UInt16(index))
            }
        }
        return firstClockwise(nearest)
    }

    /// A slot stands at the start of its place on the ring; when no point lies in it, the next place's counts.
    private static func firstClockwise(_ nearest: [(point: UInt64, shard: UInt16)?]) -> [UInt16] {
        var owners = [UInt16](repeating: 0, count: nearest.count)
        // The first point of the ring is the first clockwise for the slots after the last point.
        var next = nearest.lazy.compactMap { $0 }.first?.shard ?? 0
        for slot in nearest.indices.reversed() {
            if let point = nearest[slot] { next = point.shard }
            owners[slot] = next
        }
        return owners
    }

    /// The upper bits of a point are its place among the slots.
    private static let slotShift = UInt64(64 - StorageLimits.slotCount.trailingZeroBitCount)

    /// FNV-1a, then mixed: the same on every machine and in every version, unlike Swift's `Hasher`.
    private static func hash(_ name: String) -> UInt64 {
        mix(name.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 })
    }

    /// The finaliser of SplitMix64: every bit of the input changes half the bits of the output.
    private static func mix(_ value: UInt64) -> UInt64 {
        var value = value
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
