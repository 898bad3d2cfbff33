import Model
import Routing

/// Cuts the difference of two slot maps into moves: one source and one target each, bounded in slots and in bytes.
struct MoveCutter {
    private struct Pair: Hashable {
        var source: UInt16
        var target: String
    }

    private let current: SlotMap
    private let target: SlotMap
    private let counts: [SlotCount]

    init(from current: SlotMap, to target: SlotMap, counts: [SlotCount]) {
        self.current = current
        self.target = target
        self.counts = counts
    }

    /// Deterministic. A target takes from its sources in turn, and targets begin with different sources where they can,
    /// so that no source has to feed all of them at once.
    var moves: [ReshardMove] {
        let pieces = pieces
        var moves: [ReshardMove] = []
        var begins: [String: Int] = [:]
        for name in target.shardNames {
            var queues = current.shardNames.indices.compactMap { pieces[Pair(source: UInt16($0), target: name)] }
            let first = queues.indices.min {
                begins[queues[$0][0].source, default: 0] < begins[queues[$1][0].source, default: 0]
            }
            if let first {
                begins[queues[first][0].source, default: 0] += 1
                queues = Array(queues[first...] + queues[..<first])
            }
            for round in 0..<(queues.map(\.count).max() ?? 0) {
                for queue in queues where round < queue.count { moves.append(queue[round]) }
            }
        }
        for index in moves.indices { moves[index].index = index }
        return moves
    }

    /// Ascending slots, cut where a bound is reached.
    private var pieces: [Pair: [ReshardMove]] {
        var open: [Pair: (slots: [UInt16], count: SlotCount)] = [:]
        var pieces: [Pair: [ReshardMove]] = [:]
        for slot in target.movedSlots(from: current) {
            let pair = Pair(source: current.owner(of: slot), target: target.ownerName(of: slot))
            let count = counts.isEmpty ? SlotCount() : counts[Int(slot)]
            var piece = open[pair] ?? ([], SlotCount())
            let isFull =
                piece.slots.count >= ReshardingLimits.slotsPerMoveMax
                || ReshardAmount.sum(piece.count.bytes, count.bytes) > ReshardingLimits.bytesPerMoveMax
            if isFull, !piece.slots.isEmpty {
                pieces[pair, default: []].append(move(pair, piece.slots, piece.count))
                piece = ([], SlotCount())
            }
            piece.slots.append(slot)
            piece.count.keys = ReshardAmount.sum(piece.count.keys, count.keys)
            piece.count.bytes = ReshardAmount.sum(piece.count.bytes, count.bytes)
            open[pair] = piece
        }
        for (pair, piece) in open { pieces[pair, default: []].append(move(pair, piece.slots, piece.count)) }
        return pieces
    }

    private func move(_ pair: Pair, _ slots: [UInt16], _ count: SlotCount) -> ReshardMove {
        ReshardMove(
            index: 0,
            source: current.shardNames[Int(pair.source)],
            target: pair.target,
            slots: SlotList(slots),
            keys: count.keys,
            bytes: count.bytes
        )
    }
}
