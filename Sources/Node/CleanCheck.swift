import Model
import NIOCore
import NIOPosix
import Routing
import Server
import Storage

/// Whether `/clean` may delete what is here of slots that others own: only if the owners run and hold those slots.
///
/// The paper's offline resharding deletes one of two copies; this is what keeps it from being the last one.
struct CleanCheck: Sendable {
    let map: SlotMap
    /// By the map's index.
    let leaders: [NodeAddress?]
    let group: any EventLoopGroup

    /// Slots asked about per owner at the most: a sample shows whether the folder was copied at all.
    private static let sampleMax = 256

    /// nil when it is safe; otherwise the reason in words.
    func reasonNotTo(clean slots: [ClosedRange<UInt16>], in store: ShardStore) async -> String? {
        let held = await heldSlots(slots, store)
        let byOwner = Dictionary(grouping: held, by: { map.owner(of: $0) })
        for (owner, slots) in byOwner.sorted(by: { $0.key < $1.key }) {
            let name = map.shardNames[Int(owner)]
            guard let leader = leaders[Int(owner)] else {
                return "\(name) owns keys that are here and has no leader now"
            }
            if let reason = await reason(name, leader, slots) { return reason }
        }
        return nil
    }

    /// Waits for the applier, so on the pool where clients' other long commands wait as well.
    private func heldSlots(_ ranges: [ClosedRange<UInt16>], _ store: ShardStore) async -> [UInt16] {
        let counted = try? await NIOThreadPool.singleton.runIfActive { () -> [UInt16] in
            var held: [UInt16] = []
            for range in ranges {
                for (offset, count) in store.counts(of: range).enumerated() where count.keys > 0 {
                    held.append(range.lowerBound + UInt16(offset))
                }
            }
            return held
        }
        // The pool lasts as long as the process.
        return counted ?? []
    }

    private func reason(_ name: String, _ leader: NodeAddress, _ slots: [UInt16]) async -> String? {
        do {
            let client = try await RESPClient.connect(to: leader, group: group)
            defer { Task { await client.close() } }
            let stride = max(1, slots.count / CleanCheck.sampleMax)
            var keys = 0
            for index in Swift.stride(from: 0, to: slots.count, by: stride) where keys == 0 {
                let reply = try await client.command(
                    ["CLUSTER", "COUNTKEYSINSLOT", String(slots[index])].map { Array($0.utf8) }
                )
                guard case .integer(let count) = reply else {
                    return "\(name) (\(leader)) did not tell what it has of slot \(slots[index])"
                }
                keys += count
            }
            guard keys > 0 else {
                return "\(name) (\(leader)) owns keys that are only here: "
                    + "copy this data folder for it and start it with --adopt before cleaning"
            }
            return nil
        } catch {
            return "\(name) (\(leader)) owns keys that are here, but can't be asked: \(error)"
        }
    }
}
