import FoundationEssentials

/// etcd's v3 API as its JSON gateway speaks it: bytes in base64, 64-bit numbers as text, what is zero left out.
///
/// Names are etcd's own.
// swift-format-ignore: AlwaysUseLowerCamelCase
enum Etcd {
    /// A 64-bit number.
    struct Number: Codable, Hashable, Sendable, ExpressibleByIntegerLiteral {
        var value: UInt64

        init(_ value: UInt64) { self.value = value }
        init(integerLiteral value: UInt64) { self.value = value }

        init(from decoder: any Decoder) throws {
            let single = try decoder.singleValueContainer()
            if let text = try? single.decode(String.self) {
                // Negative: a lease that is not there, in some answers.
                guard let number = UInt64(text) ?? (Int64(text) == nil ? nil : 0) else {
                    throw DecodingError.dataCorruptedError(in: single, debugDescription: "\(text) is no number")
                }
                value = number
            } else {
                value = try single.decode(UInt64.self)
            }
        }

        func encode(to encoder: any Encoder) throws {
            var single = encoder.singleValueContainer()
            try single.encode(String(value))
        }
    }

    struct Header: Decodable {
        var revision: Number?
        var raft_term: Number?
    }

    struct KeyValue: Decodable {
        var key: Data
        var value: Data?
        var mod_revision: Number?
        var lease: Number?
    }

    struct RangeRequest: Encodable {
        var key: Data
        var range_end: Data?
        var count_only: Bool?
    }

    struct RangeResponse: Decodable {
        var header: Header?
        var kvs: [KeyValue]?
    }

    struct Compare: Encodable {
        var key: Data
        var target: String
        var result: String
        var mod_revision: Number?
        var create_revision: Number?
    }

    struct PutRequest: Encodable {
        var key: Data
        var value: Data
        var lease: Number?
    }

    struct DeleteRequest: Encodable {
        var key: Data
    }

    struct RequestOperation: Encodable {
        var request_range: RangeRequest?
        var request_put: PutRequest?
        var request_delete_range: DeleteRequest?
    }

    struct TransactionRequest: Encodable {
        var compare: [Compare]
        var success: [RequestOperation]
        var failure: [RequestOperation]
    }

    struct ResponseOperation: Decodable {
        var response_range: RangeResponse?
    }

    struct TransactionResponse: Decodable {
        var header: Header
        var succeeded: Bool?
        var responses: [ResponseOperation]?
    }

    struct LeaseRequest: Encodable {
        var ID: Number
        var TTL: Number?
    }

    struct LeaseResponse: Decodable, Sendable {
        var TTL: Number?
    }

    /// An answer of a stream: a line of `keepalive` or `watch`.
    struct Line<Result: Decodable & Sendable>: Decodable, Sendable {
        var result: Result?
        var error: StreamError?
    }

    struct StreamError: Decodable, Sendable {
        var grpc_code: Int?
        var message: String?
    }

    struct Credentials: Encodable {
        var name: String
        var password: String
    }

    struct Token: Decodable {
        var token: String
    }

    struct WatchRequest: Encodable {
        struct Create: Encodable {
            var key: Data
            var range_end: Data
            var start_revision: Number
        }

        var create_request: Create
    }

    struct WatchResponse: Decodable {
        struct Event: Decodable {
            var type: String?
            var kv: KeyValue
        }

        var header: Header?
        var created: Bool?
        var canceled: Bool?
        var compact_revision: Number?
        var cancel_reason: String?
        var events: [Event]?
    }

    /// An error's body.
    struct Refusal: Decodable {
        var error: String?
        var message: String?
        var code: Int?
    }
}
