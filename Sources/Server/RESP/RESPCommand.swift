/// The commands a node knows, with what the dispatcher needs of each. `CommandTable` adds what only COMMAND tells.
package enum RESPCommand: UInt8, CaseIterable, Sendable {
    case hello, ping, echo, select, client, get, set, setnx, setex, psetex, getset, getdel, del, unlink,
        exists, mget, mset, incr, decr, incrby, decrby, append, strlen, ttl, pttl, expire, pexpire, persist,
        type, scan, keys, dbsize, info, command, config, readonly, readwrite, cluster, quit, reset, asking, wait,
        slowlog

    /// In lower case, as in error messages.
    package var name: String { "\(self)" }

    /// The number of arguments with the name; negative: at least so many.
    package var arity: Int {
        switch self {
        case .set, .mset, .expire, .pexpire: -3
        case .client, .del, .unlink, .exists, .mget, .scan, .config, .cluster, .slowlog: -2
        case .hello, .ping, .info, .command, .quit: -1
        case .dbsize, .readonly, .readwrite, .reset, .asking: 1
        case .echo, .select, .get, .getdel, .incr, .decr, .strlen, .ttl, .pttl, .persist, .type, .keys: 2
        case .setnx, .getset, .incrby, .decrby, .append, .wait: 3
        case .setex, .psetex: 4
        }
    }

    /// Whether it must go through the commit log of a leader.
    package var isWrite: Bool {
        switch self {
        case .set, .setnx, .setex, .psetex, .getset, .getdel, .del, .unlink, .mset, .incr, .decr, .incrby, .decrby,
            .append, .expire, .pexpire, .persist:
            true
        default: false
        }
    }

    /// The argument that is the first key, 0 for a command without keys.
    package var firstKey: Int {
        switch self {
        case .get, .set, .setnx, .setex, .psetex, .getset, .getdel, .incr, .decr, .incrby, .decrby, .append,
            .strlen, .ttl, .pttl, .expire, .pexpire, .persist, .type, .del, .unlink, .exists, .mget, .mset:
            1
        default: 0
        }
    }

    /// The argument that is the last key; negative: counted from the end, -1 the last argument.
    package var lastKey: Int {
        switch self {
        case .get, .set, .setnx, .setex, .psetex, .getset, .getdel, .incr, .decr, .incrby, .decrby, .append,
            .strlen, .ttl, .pttl, .expire, .pexpire, .persist, .type:
            1
        case .del, .unlink, .exists, .mget, .mset: -1
        default: 0
        }
    }

    /// Arguments from one key to the next.
    package var step: Int {
        switch self {
        case .mset: 2
        case .get, .set, .setnx, .setex, .psetex, .getset, .getdel, .incr, .decr, .incrby, .decrby, .append,
            .strlen, .ttl, .pttl, .expire, .pexpire, .persist, .type, .del, .unlink, .exists, .mget:
            1
        default: 0
        }
    }

    /// The command of that name in any case, nil if there is none. No allocation; reads `name` only during the call.
    package static func lookup(_ name: UnsafeRawBufferPointer) -> RESPCommand? {
        guard let base = name.baseAddress else { return nil }
        // Setting bit 5 lowers letters, and turns nothing else into a letter. The constants are the names in
        // little-endian order.
        let word = Self.word(base, count: name.count) | 0x2020_2020_2020_2020 & Self.mask(name.count)
        return switch name.count {
        case 3:
            switch word {
            case 0x746567: .get
            case 0x746573: .set
            case 0x6C6564: .del
            case 0x6C7474: .ttl
            default: nil
            }
        case 4:
            switch word {
            case 0x72636E69: .incr
            case 0x7465736D: .mset
            case 0x676E6970: .ping
            case 0x6F686365: .echo
            case 0x7465676D: .mget
            case 0x72636564: .decr
            case 0x6C747470: .pttl
            case 0x65707974: .type
            case 0x6E616373: .scan
            case 0x7379656B: .keys
            case 0x6F666E69: .info
            case 0x74697571: .quit
            case 0x74696177: .wait
            default: nil
            }
        case 5:
            switch word {
            case 0x6F6C6C6568: .hello
            case 0x786E746573: .setnx
            case 0x7865746573: .setex
            case 0x7465736572: .reset
            default: nil
            }
        case 6:
            switch word {
            case 0x7463656C6573: .select
            case 0x746E65696C63: .client
            case 0x786574657370: .psetex
            case 0x746573746567: .getset
            case 0x6C6564746567: .getdel
            case 0x6B6E696C6E75: .unlink
            case 0x737473697865: .exists
            case 0x796272636E69: .incrby
            case 0x796272636564: .decrby
            case 0x646E65707061: .append
            case 0x6E656C727473: .strlen
            case 0x657269707865: .expire
            case 0x657A69736264: .dbsize
            case 0x6769666E6F63: .config
            case 0x676E696B7361: .asking
            default: nil
            }
        case 7:
            switch word {
            case 0x65726970786570: .pexpire
            case 0x74736973726570: .persist
            case 0x646E616D6D6F63: .command
            case 0x72657473756C63: .cluster
            case 0x676F6C776F6C73: .slowlog
            default: nil
            }
        case 8:
            switch word {
            case 0x796C6E6F64616572: .readonly
            default: nil
            }
        case 9: word == 0x7469727764616572 && name[8] | 0x20 == UInt8(ascii: "e") ? .readwrite : nil
        default: nil
        }
    }

    /// The first eight bytes, or all of fewer, without reading past the end.
    @inline(__always)
    private static func word(_ base: UnsafeRawPointer, count: Int) -> UInt64 {
        if count >= 8 { return UInt64(littleEndian: base.loadUnaligned(as: UInt64.self)) }
        if count >= 4 {
            let low = UInt32(littleEndian: base.loadUnaligned(as: UInt32.self))
            let high = UInt32(littleEndian: base.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self))
            return UInt64(low) | UInt64(high) &<< UInt64((count &- 4) &* 8)
        }
        guard count == 3 else { return 0 }
        let low = UInt16(littleEndian: base.loadUnaligned(as: UInt16.self))
        return UInt64(low) | UInt64(base.load(fromByteOffset: 2, as: UInt8.self)) &<< 16
    }

    @inline(__always)
    private static func mask(_ count: Int) -> UInt64 {
        count >= 8 ? .max : (1 &<< UInt64(count &* 8)) &- 1
    }
}
