import Model
import NIOCore
import Replication
import Resharding

/// Reads along what two drivers say to each other: steps at which something may be struck, and what must be true by then.
struct ReshardFrameWatch {
    private var fromTarget = MigrationFrameParser(sender: .target)
    private var fromSource = MigrationFrameParser(sender: .source)
    /// Before frames, each side says one line.
    private var isGreeted = (target: false, source: false)
    private(set) var isAccepted = false

    mutating func look(at bytes: ByteBuffer, fromSource isSource: Bool, _ link: ReshardLink) {
        if !(isSource ? isGreeted.source : isGreeted.target) {
            if isSource { isGreeted.source = true } else { isGreeted.target = true }
            return
        }
        do throws(ReshardError) {
            if isSource {
                bytes.withUnsafeReadableBytes { fromSource.append($0) }
                while let frame = try fromSource.next() { noteSource(frame, link) }
            } else {
                bytes.withUnsafeReadableBytes { fromTarget.append($0) }
                while let frame = try fromTarget.next() { noteTarget(frame, link) }
            }
        } catch {
            link.cluster.truth.fail("a frame did not parse: \(error)")
        }
    }

    private mutating func noteSource(_ frame: MigrationFrame, _ link: ReshardLink) {
        let step: ReshardStep? =
            switch frame {
            case .accept: .accept
            case .copied: .copied
            case .final: .final
            case .owned: .owned
            case .released: .released
            default: nil
            }
        if case .accept = frame { isAccepted = true }
        if let step { link.cluster.step(step, at: link.source) }
    }

    private func noteTarget(_ frame: MigrationFrame, _ link: ReshardLink) {
        let target = link.target
        switch frame {
        case .acknowledge(let bytes):
            target.acknowledged[link.number] = bytes
            let told = target.acknowledged.values.reduce(0, +)
            guard told > target.store.chunkBytesWritten else { return }
            link.cluster.truth.fail(
                "\(target.name) acknowledged \(told) bytes, and \(target.store.chunkBytesWritten) are committed"
            )
        case .ask: link.cluster.step(.ask, at: target)
        case .confirm: link.cluster.step(.confirm, at: target)
        default: break
        }
    }
}
