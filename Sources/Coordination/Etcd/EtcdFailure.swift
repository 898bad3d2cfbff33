import AsyncHTTPClient
import Glibc
import NIOCore
import NIOPosix
import NIOSSL

/// Why a request to one of etcd's endpoints has no result.
enum EtcdFailure: Error {
    /// It never left: nothing was done.
    case notSent(String)
    /// It left, or may have, and no usable answer came: it may be done, now or later.
    case noAnswer(String)
    /// etcd said no, with gRPC's code: nothing was done, but where `isUncertain`.
    case refused(code: Int, message: String)
    case cancelled

    /// gRPC's codes that etcd uses.
    enum Code {
        static let notFound = 5
        static let permissionDenied = 7
        static let resourceExhausted = 8
        static let outOfRange = 11
        static let unavailable = 14
        static let unauthenticated = 16
    }

    /// An error of the HTTP client.
    init(_ error: any Error) {
        switch error {
        case let failure as EtcdFailure: self = failure
        case is CancellationError: self = .cancelled
        case let error as HTTPClientError:
            switch error {
            case .cancelled: self = .cancelled
            case .connectTimeout, .getConnectionFromPoolTimeout, .tlsHandshakeTimeout:
                self = .notSent("no connection in time")
            case .deadlineExceeded, .readTimeout: self = .noAnswer("no answer in time")
            default: self = .noAnswer("\(error.shortDescription)")
            }
        case let error as NIOConnectionError:
            let reason = error.connectionErrors.first.map { "\($0.error)" } ?? "no address"
            self = .notSent("no connection (\(reason))")
        // Only connecting can be refused.
        case let error as IOError where error.errnoCode == ECONNREFUSED: self = .notSent("no connection (refused)")
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: self = .notSent("TLS failed (\(error))")
        default: self = .noAnswer("\(error)")
        }
    }

    /// Whether what was asked may be done although this came back.
    var isUncertain: Bool {
        switch self {
        case .noAnswer, .cancelled: true
        case .notSent: false
        // "request timed out", "leader changed" and the like: it may be in etcd's own log.
        case .refused(let code, _):
            ![
                3, Code.notFound, Code.permissionDenied, Code.resourceExhausted, 9, Code.outOfRange,
                Code.unauthenticated,
            ].contains(code)
        }
    }

    /// Another endpoint may do better.
    var isWorthAnother: Bool {
        switch self {
        case .notSent, .noAnswer: true
        case .refused(let code, _): code == Code.unavailable || code == 2
        case .cancelled: false
        }
    }

    /// The token is not (or no longer) known; nothing was done.
    var isStaleToken: Bool {
        guard case .refused(let code, let message) = self else { return false }
        return code == Code.unauthenticated || message.contains("invalid auth token")
            || message.contains("revision of auth store is old") || message.contains("auth: user name is empty")
            || message.contains("user name is empty")
    }

    var text: String {
        switch self {
        case .notSent(let text), .noAnswer(let text): text
        // Without the code, words of a layer below etcd ("unexpected EOF") can't be told from etcd's own.
        case .refused(let code, let message): isUncertain ? "\(message) (gRPC code \(code))" : message
        case .cancelled: "cancelled"
        }
    }
}

extension CoordinationError {
    /// - Parameter isChange: whether the request would have changed something, so that doubt matters.
    init(_ failure: EtcdFailure, place: String, what: String, isChange: Bool) {
        let message = "etcd at \(place): \(what): \(failure.text)"
        if isChange, failure.isUncertain {
            self.init(.unknownOutcome, message + "; it may be done: read before trying again")
            return
        }
        switch failure {
        case .cancelled: self.init(.cancelled, message)
        case .refused(EtcdFailure.Code.permissionDenied, _), .refused(EtcdFailure.Code.unauthenticated, _):
            self.init(.unauthorized, message + ": check user, password and permission (docs/coordination.md)")
        case .refused(_, let text) where text.contains("authentication failed") || text.contains("user name is empty"):
            self.init(.unauthorized, message + ": check ETCDCTL_USER and ETCDCTL_PASSWORD (docs/coordination.md)")
        case .refused(EtcdFailure.Code.notFound, let text) where text.contains("lease"):
            self.init(.sessionEnded, message + ": the session is over; open another")
        case .refused(_, let text) where text.contains("database space exceeded"):
            self.init(.unavailable, message + ": etcd's space is used up; compact, defragment, then disarm its alarm")
        case .notSent(let text) where text.hasPrefix("TLS failed"):
            self.init(.unauthorized, message + ": check ETCDCTL_CACERT, ETCDCTL_CERT and ETCDCTL_KEY")
        default: self.init(.unavailable, message)
        }
    }
}
