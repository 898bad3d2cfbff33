extension History {
    /// Holds what was asked for against what is there: all keys and values of all leaders together.
    func judge(_ contents: [String: [UInt8]]) -> Verdict {
        var verdict = Verdict()
        for (key, write) in writes { judge(write, key, contents[key], &verdict) }
        for (key, tokens) in lists { judge(tokens, key, contents[key] ?? [], &verdict) }
        for (key, claims) in claims { judge(claims, key, contents[key], &verdict) }
        for (key, count) in counts { judge(count, key, contents[key], &verdict) }
        for (key, looks) in looks { judge(looks, key, contents[key] ?? [], &verdict) }
        for key in contents.keys where !knows(key) { verdict.add(.foreign, "the key \(key)") }
        return verdict
    }

    private func knows(_ key: String) -> Bool {
        writes[key] != nil || lists[key] != nil || claims[key] != nil || counts[key] != nil
            || foreignPrefixes.contains { key.hasPrefix($0) }
    }

    private func judge(_ write: Write, _ key: String, _ found: [UInt8]?, _ verdict: inout Verdict) {
        verdict.tally(write.outcome)
        if let found, found != Array(write.value.utf8) {
            return verdict.add(.foreign, "\(key): \(String(decoding: found.prefix(40), as: UTF8.self))")
        }
        verdict.expect(write.outcome, times: found == nil ? 0 : 1, key)
    }

    private func judge(_ tokens: [Token], _ key: String, _ found: [UInt8], _ verdict: inout Verdict) {
        var places: [String: [Int]] = [:]
        for (place, text) in found.split(separator: UInt8(ascii: ";")).enumerated() {
            places[String(decoding: text, as: UTF8.self) + ";", default: []].append(place)
        }
        // The place of each writer's newest acknowledged token before the one looked at.
        var newest: [Int: Int] = [:]
        for token in tokens.sorted(by: { $0.number < $1.number }) {
            let text = token.text
            let there = places.removeValue(forKey: text) ?? []
            verdict.tally(token.outcome)
            verdict.expect(token.outcome, times: there.count, "\(text) in \(key)")
            guard let place = there.first else { continue }
            // One of unknown outcome may have come later, but never before what was acknowledged when it was sent.
            if let before = newest[token.writer], place < before { verdict.add(.reordered, "\(text) in \(key)") }
            guard token.outcome == .acknowledged else { continue }
            newest[token.writer] = max(place, newest[token.writer] ?? 0)
            let isWhereItWas =
                token.length <= found.count && found[..<token.length].suffix(text.utf8.count).elementsEqual(text.utf8)
            if !isWhereItWas { verdict.add(.reordered, "\(text) in \(key) did not end at \(token.length)") }
        }
        for text in places.keys { verdict.add(.foreign, "\(text.prefix(40)) in \(key)") }
    }

    private func judge(_ claims: [Claim], _ key: String, _ found: [UInt8]?, _ verdict: inout Verdict) {
        let holder = found.map { String(decoding: $0, as: UTF8.self) }
        let winners = claims.filter { $0.outcome == .acknowledged && $0.isWon }.map(\.name)
        for claim in claims { verdict.tally(claim.outcome) }
        if winners.count > 1 { verdict.add(.doubled, "\(key) was given to \(winners)") }
        for winner in winners where winner != holder { verdict.add(.lost, "\(key) of \(winner)") }
        let losers = claims.filter { $0.outcome == .acknowledged && !$0.isWon }.map(\.name)
        if let loser = losers.first, holder == nil { verdict.add(.lost, "\(key), which \(loser) was told is taken") }
        guard let holder else { return }
        if losers.contains(holder) { verdict.add(.refusedButDone, "\(key) has \(holder), who was told no") }
        for case .refused(let refusal) in claims.filter({ $0.name == holder }).map(\.outcome) {
            verdict.add(.refusedButDone, "\(key) has \(holder), who was refused: \(refusal)")
        }
        if !claims.contains(where: { $0.name == holder }) { verdict.add(.foreign, "\(key) has \(holder)") }
    }

    private func judge(_ count: Count, _ key: String, _ found: [UInt8]?, _ verdict: inout Verdict) {
        for _ in count.told { verdict.tally(.acknowledged) }
        for _ in 0..<count.unknown { verdict.tally(.unknown) }
        let value = found.flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0
        if value < max(count.told.count, count.told.max() ?? 0) {
            verdict.add(
                .lost,
                "\(key) is \(value), acknowledged \(count.told.count) times up to \(count.told.max() ?? 0)"
            )
        }
        if value > count.told.count + count.unknown {
            verdict.add(.doubled, "\(key) is \(value), asked for \(count.told.count + count.unknown) times")
        }
        if Set(count.told).count < count.told.count { verdict.add(.doubled, "\(key) told one number twice") }
    }

    /// Every state seen was one that the list had, and new enough.
    private func judge(_ looks: [Look], _ key: String, _ found: [UInt8], _ verdict: inout Verdict) {
        var digest = Digest()
        var digests = [digest.value]
        digests.reserveCapacity(found.count + 1)
        for byte in found {
            digest.add(byte)
            digests.append(digest.value)
        }
        for look in looks {
            verdict.tallyLook()
            if look.length >= digests.count || digests[look.length] != look.digest {
                verdict.add(.phantom, "\(look.length) bytes of \(key) on \(look.place)")
            } else if look.length < look.floor {
                verdict.add(.stale, "\(look.length) bytes of \(key) on \(look.place), acknowledged: \(look.floor)")
            }
        }
    }
}
