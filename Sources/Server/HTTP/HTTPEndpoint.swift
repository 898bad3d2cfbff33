import Model
import NIOCore

/// What a request asks for, with its parameters decoded and checked (docs/protocol.md).
///
/// `HEAD` is taken wherever `GET` is and changes nothing: leave out the response's body when the method is `.head`.
package enum HTTPEndpoint: Hashable, Sendable {
    /// `acks` of this and other writes: the in-sync set must have so many members, the leader included; nil: any number.
    case put(key: [UInt8], value: [UInt8], acks: Int?)
    case get(key: [UInt8], consistencyAny: Bool, maxLagMilliseconds: Int?)
    case delete(key: [UInt8], acks: Int?)
    case clean
    case nextReplicationKey
    /// A nil value is the record of a delete.
    case deleteNextReplicationKey(key: [UInt8], value: [UInt8]?)
    case kvPut(
        key: [UInt8],
        ifMatch: HTTPCondition?,
        ifNoneMatchAny: Bool,
        ttlSeconds: Int?,
        acks: Int?,
        body: ByteBuffer
    )
    case kvGet(key: [UInt8], head: Bool)
    case kvDelete(key: [UInt8], ifMatch: HTTPCondition?, acks: Int?)
    /// Keys after `cursor`, which is the last key of the page before.
    case kvList(prefix: [UInt8], limit: Int, cursor: [UInt8]?)
    case status
    /// This node's part in a reshard.
    case reshard
    case slots
    case health
    case ready
    case metrics
    case slowLog
    case adminStart
    case adminStop
    /// A planned change of leader, to that address; nil: to the replica that is furthest.
    case adminSwitchover(target: String?)

    /// Whether it is asked for to learn how the node is, or to mend it: also of a node that has no room for clients.
    var isAboutHealth: Bool {
        switch self {
        case .status, .health, .ready, .metrics, .slots, .reshard, .slowLog, .adminStart, .adminStop, .adminSwitchover:
            true
        default: false
        }
    }

    /// Finds the endpoint of a request and checks its parameters.
    ///
    /// - Throws: 400, 404, 405, 413 or 415; the connection may live on.
    package static func route(_ request: HTTPRequest) throws(HTTPError) -> HTTPEndpoint {
        let route = request.withBytes(request.path) { Route($0) }
        guard let route else {
            throw HTTPError(404, "not_found", "there is nothing at this path; the README lists the endpoints")
        }
        guard route.allows(request.method) else {
            throw HTTPError(
                405,
                "method_not_allowed",
                "this path takes \(route.allowed)",
                allow: route.allowed
            )
        }
        switch route {
        case .put:
            let parameters = try HTTPParameters(request)
            return .put(
                key: try parameters.requiredKey(),
                value: try parameters.requiredValue(),
                acks: try parameters.checkedAcks()
            )
        case .get: return try get(request)
        case .delete:
            let parameters = try HTTPParameters(request)
            return .delete(key: try parameters.requiredKey(), acks: try parameters.checkedAcks())
        case .clean: return .clean
        case .nextReplicationKey: return .nextReplicationKey
        case .deleteNextReplicationKey:
            let parameters = try HTTPParameters(request)
            return .deleteNextReplicationKey(key: try parameters.requiredKey(), value: parameters.value)
        case .key: return try key(request)
        case .list: return try list(request)
        case .status: return .status
        case .reshard: return .reshard
        case .slots: return .slots
        case .health: return .health
        case .ready: return .ready
        case .metrics: return .metrics
        case .slowLog: return .slowLog
        case .adminStart: return .adminStart
        case .adminStop: return .adminStop
        case .adminSwitchover:
            let target = try HTTPParameters(request).target
            return .adminSwitchover(target: target.map { String(decoding: $0, as: UTF8.self) })
        }
    }

    private static func get(_ request: HTTPRequest) throws(HTTPError) -> HTTPEndpoint {
        let parameters = try HTTPParameters(request)
        let key = try parameters.requiredKey()
        var isAny = false
        if let consistency = parameters.consistency {
            guard consistency.elementsEqual("any".utf8) else {
                throw HTTPError(400, "bad_consistency", "consistency can only be any")
            }
            isAny = true
        }
        let lag = try HTTPParameters.number(
            parameters.maxLag,
            in: 0...Int(Int32.max),
            code: "bad_max_lag",
            name: "max_lag_ms"
        )
        return .get(key: key, consistencyAny: isAny, maxLagMilliseconds: lag)
    }

    /// `/kv/{key}`: the key is everything after the second slash, where `+` is a plus.
    private static func key(_ request: HTTPRequest) throws(HTTPError) -> HTTPEndpoint {
        let key = try request.withBytes(request.path) { (path) throws(HTTPError) in
            try PercentCoding.decode(UnsafeRawBufferPointer(rebasing: path[4...]), plusIsSpace: false)
        }
        let checked = try HTTPParameters.checked(key)
        switch request.method {
        case .put: return try put(checked, request)
        case .delete:
            let acks = try HTTPParameters(request).checkedAcks()
            return .kvDelete(key: checked, ifMatch: try ifMatch(request), acks: acks)
        default: return .kvGet(key: checked, head: request.method == .head)
        }
    }

    private static func put(_ key: [UInt8], _ request: HTTPRequest) throws(HTTPError) -> HTTPEndpoint {
        var isAny = false
        if !request.ifNoneMatch.isAbsent {
            isAny = request.withBytes(request.ifNoneMatch) { ASCII.equals($0, "*") }
            guard isAny else {
                throw HTTPError(400, "bad_precondition", "If-None-Match of a PUT can only be *")
            }
        }
        let parameters = try HTTPParameters(request)
        let ttl = try HTTPParameters.number(
            parameters.ttl,
            in: 1...HTTPLimits.ttlSecondsMax,
            code: "bad_ttl",
            name: "ttl"
        )
        // A PUT without a body stores nothing rather than an empty value by mistake: RFC 9112 wants Content-Length: 0.
        guard let body = request.body else {
            throw HTTPError(411, "length_required", "a PUT needs a body; for an empty value send Content-Length: 0")
        }
        let condition = try ifMatch(request)
        return .kvPut(
            key: key,
            ifMatch: condition,
            ifNoneMatchAny: isAny,
            ttlSeconds: ttl,
            acks: try parameters.checkedAcks(),
            body: body
        )
    }

    private static func ifMatch(_ request: HTTPRequest) throws(HTTPError) -> HTTPCondition? {
        guard !request.ifMatch.isAbsent else { return nil }
        return try request.withBytes(request.ifMatch) { (bytes) throws(HTTPError) in try HTTPCondition(bytes) }
    }

    private static func list(_ request: HTTPRequest) throws(HTTPError) -> HTTPEndpoint {
        let parameters = try HTTPParameters(request)
        let limit = try HTTPParameters.number(
            parameters.limit,
            in: HTTPLimits.listLimits,
            code: "bad_limit",
            name: "limit"
        )
        var cursor: [UInt8]?
        if let text = parameters.cursor, !text.isEmpty {
            cursor = Base64.decodeURLSafe(text)
            guard let cursor, cursor.count <= StorageLimits.keyBytesMax else {
                throw HTTPError(400, "bad_cursor", "the cursor isn't one of ours; take it from the page before")
            }
        }
        return .kvList(prefix: parameters.prefix ?? [], limit: limit ?? HTTPLimits.listLimitDefault, cursor: cursor)
    }
}
