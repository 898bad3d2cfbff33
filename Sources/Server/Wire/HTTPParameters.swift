import Model
import NIOCore

/// The parameters we know, decoded from a query or a form; unknown ones are skipped, a second one is an error.
struct HTTPParameters {
    var key: [UInt8]?
    var value: [UInt8]?
    var consistency: [UInt8]?
    var maxLag: [UInt8]?
    var prefix: [UInt8]?
    var limit: [UInt8]?
    var cursor: [UInt8]?
    var ttl: [UInt8]?
    var acks: [UInt8]?
    /// The node that is to lead.
    var target: [UInt8]?

    /// The query's parameters and, for POST, those of its form.
    init(_ request: HTTPRequest) throws(HTTPError) {
        if request.query.count > 0 {
            try request.withBytes(request.query) { (bytes) throws(HTTPError) in try add(bytes) }
        }
        guard request.method == .post, let body = request.body, body.readableBytes > 0 else { return }
        let isForm = request.withBytes(request.contentType) { type in
            ASCII.matches(
                ASCII.trimmed(UnsafeRawBufferPointer(rebasing: type.prefix { $0 != UInt8(ascii: ";") })),
                "application/x-www-form-urlencoded"
            )
        }
        guard isForm else {
            throw HTTPError(
                415,
                "unsupported_media_type",
                "parameters in a body must be application/x-www-form-urlencoded; a plain value goes to PUT /kv/{key}"
            )
        }
        try body.withUnsafeReadableBytes { (bytes) throws(HTTPError) in try add(bytes) }
    }

    private mutating func add(_ bytes: UnsafeRawBufferPointer) throws(HTTPError) {
        var start = 0
        while start < bytes.count {
            var end = start
            var equals = -1
            while end < bytes.count, bytes[end] != UInt8(ascii: "&") {
                if equals < 0, bytes[end] == UInt8(ascii: "=") { equals = end }
                end += 1
            }
            let nameEnd = equals < 0 ? end : equals
            if end > start {
                try set(
                    UnsafeRawBufferPointer(rebasing: bytes[start..<nameEnd]),
                    UnsafeRawBufferPointer(rebasing: bytes[min(nameEnd + 1, end)..<end])
                )
            }
            start = end + 1
        }
    }

    private mutating func set(_ name: UnsafeRawBufferPointer, _ text: UnsafeRawBufferPointer) throws(HTTPError) {
        switch name.count {
        case 2 where ASCII.equals(name, "to"): try setOnce(&target, text, "to")
        case 3 where ASCII.equals(name, "key"): try setOnce(&key, text, "key")
        case 3 where ASCII.equals(name, "ttl"): try setOnce(&ttl, text, "ttl")
        case 4 where ASCII.equals(name, "acks"): try setOnce(&acks, text, "acks")
        case 5 where ASCII.equals(name, "value"): try setOnce(&value, text, "value")
        case 5 where ASCII.equals(name, "limit"): try setOnce(&limit, text, "limit")
        case 6 where ASCII.equals(name, "prefix"): try setOnce(&prefix, text, "prefix")
        case 6 where ASCII.equals(name, "cursor"): try setOnce(&cursor, text, "cursor")
        case 10 where ASCII.equals(name, "max_lag_ms"): try setOnce(&maxLag, text, "max_lag_ms")
        case 11 where ASCII.equals(name, "consistency"): try setOnce(&consistency, text, "consistency")
        default: break
        }
    }

    private func setOnce(_ field: inout [UInt8]?, _ text: UnsafeRawBufferPointer, _ name: String) throws(HTTPError) {
        guard field == nil else {
            throw HTTPError(400, "duplicate_parameter", "the parameter \(name) is there twice")
        }
        field = try PercentCoding.decode(text, plusIsSpace: true)
    }
}

extension HTTPParameters {
    /// The key, checked for its bounds.
    func requiredKey() throws(HTTPError) -> [UInt8] {
        guard let key else { throw HTTPError(400, "key_missing", "the parameter key is missing") }
        return try Self.checked(key)
    }

    func requiredValue() throws(HTTPError) -> [UInt8] {
        guard let value else { throw HTTPError(400, "value_missing", "the parameter value is missing") }
        guard value.count <= StorageLimits.valueBytesMax else { throw .valueTooLarge }
        return value
    }

    /// Members that the in-sync set must have; how many there can be at most, the shard's leader knows.
    func checkedAcks() throws(HTTPError) -> Int? {
        try Self.number(acks, in: 1...HTTPLimits.acksMax, code: "bad_acks", name: "acks")
    }

    static func checked(_ key: [UInt8]) throws(HTTPError) -> [UInt8] {
        guard !key.isEmpty else { throw HTTPError(400, "key_empty", "a key must have at least 1 byte") }
        guard key.count <= StorageLimits.keyBytesMax else {
            throw HTTPError(
                400,
                "key_too_long",
                "the key has \(key.count) bytes; at most \(StorageLimits.keyBytesMax) are allowed"
            )
        }
        return key
    }

    /// A number within `range`, nil if the parameter is absent.
    static func number(
        _ text: [UInt8]?,
        in range: ClosedRange<Int>,
        code: String,
        name: String
    ) throws(HTTPError) -> Int? {
        guard let text else { return nil }
        guard let number = ASCII.decimal(text), range.contains(number) else {
            throw HTTPError(
                400,
                code,
                "\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return number
    }
}
