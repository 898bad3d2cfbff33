import Glibc

/// Which hosts are this machine.
package enum LocalHosts {
    /// Whether `host` never leaves the machine: 127.0.0.0/8, ::1, localhost.
    package static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" || host == "::1" { return true }
        var address = in_addr()
        guard inet_pton(AF_INET, host, &address) == 1 else { return false }
        return UInt32(bigEndian: address.s_addr) >> 24 == 127
    }

    /// The addresses of all network interfaces and the host name, spelt as in `NodeAddress`.
    package static func all() -> Set<String> {
        var hosts: Set<String> = []
        var name = [CChar](repeating: 0, count: 256)
        if gethostname(&name, name.count - 1) == 0 { hosts.insert(text(name).lowercased()) }
        var first: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&first) == 0 else { return hosts }
        defer { freeifaddrs(first) }
        var next = first
        while let interface = next {
            if let address = interface.pointee.ifa_addr, let host = numericHost(address) { hosts.insert(host) }
            next = interface.pointee.ifa_next
        }
        return hosts
    }

    private static func numericHost(_ address: UnsafeMutablePointer<sockaddr>) -> String? {
        let length: Int
        switch Int32(address.pointee.sa_family) {
        case AF_INET: length = MemoryLayout<sockaddr_in>.size
        case AF_INET6: length = MemoryLayout<sockaddr_in6>.size
        default: return nil
        }
        var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let result = getnameinfo(address, socklen_t(length), &host, socklen_t(host.count), nil, 0, NI_NUMERICHOST)
        return result == 0 ? text(host).lowercased() : nil
    }

    private static func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
