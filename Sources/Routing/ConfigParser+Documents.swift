import Model
import Yams

extension ConfigParser {
    private static let shardFields = ["Name", "Index", "Address", "Replicas"]
    private static let clusterFields = [
        "Name", "Placement", "Engine", "Durability", "DataDirectory", "Coordinator", "EtcdEndpoints", "LeaseSeconds",
        "MinInSync", "Environment", "ReserveBytes",
    ]
    /// Names appear in folder names, URLs and table columns.
    private static let nameBytesMax = 64
    /// A coordinator that notices a dead leader later than this is a typing mistake; etcd grants no less than 2 s.
    private static let leaseSeconds = 2...3600
    /// More members than any shard can have are refused here, fewer when the shards are known.
    private static let minInSync = 1...64

    mutating func readShard(_ node: Node, line: Int) {
        var fields = ConfigFields(node, document: "Shard", line: line, known: Self.shardFields)
        // An unknown field is most likely the missing one, misspelt: one cause, one message.
        if fields.problems.isEmpty {
            for field in ["Name", "Index", "Address"] where !fields.has(field) { fields.reportMissing(field) }
        }
        let name = Self.name(&fields)
        let index = fields.integer("Index", in: 0...(Self.shardsMax - 1))
        let address = fields.text("Address").flatMap { Self.address($0, line: fields.line(of: "Address"), &fields) }
        let replicaTexts = fields.list("Replicas")
        let replicas = replicaTexts.compactMap { Self.address($0.text, line: $0.line, &fields) }
        take(fields)
        guard fields.problems.isEmpty, let name, let index, let address else { return }
        shards.append(
            ShardDocument(
                shard: ShardConfig(
                    name: name,
                    index: index,
                    address: address.address,
                    replicas: replicas.map(\.address)
                ),
                line: line,
                nameLine: fields.line(of: "Name"),
                indexLine: fields.line(of: "Index"),
                indexColumn: fields.column(of: "Index"),
                indexText: fields.text("Index") ?? "",
                addressLines: [address.line] + replicas.map(\.line)
            )
        )
    }

    mutating func readCluster(_ node: Node, line: Int) {
        if let clusterLine {
            return report(line, "a second Cluster document; the first is on line \(clusterLine)")
        }
        clusterLine = line
        var fields = ConfigFields(node, document: "Cluster", line: line, known: Self.clusterFields)
        if let name = Self.name(&fields) { config.name = name }
        if let placement = fields.choice("Placement", PlacementPolicy.self) { config.placement = placement }
        if let engine = fields.choice("Engine", EngineKind.self) { config.engine = engine }
        if let durability = fields.choice("Durability", Durability.self) { config.durability = durability }
        if let folder = fields.text("DataDirectory") { config.dataDirectory = resolve(folder) }
        if let coordinator = fields.choice("Coordinator", CoordinatorKind.self) { config.coordinator = coordinator }
        config.etcdEndpoints = Self.endpoints(&fields)
        if let seconds = fields.integer("LeaseSeconds", in: Self.leaseSeconds) { config.leaseSeconds = seconds }
        if let minimum = fields.integer("MinInSync", in: Self.minInSync) { config.minInSync = minimum }
        if let bytes = fields.bytes("ReserveBytes") { config.reserveBytes = bytes }
        minInSyncLine = fields.line(of: "MinInSync")
        if let environment = fields.choice("Environment", ClusterEnvironment.self) { config.environment = environment }
        if config.coordinator == .etcd && config.etcdEndpoints.isEmpty && fields.problems.isEmpty {
            fields.report("Coordinator", "Coordinator etcd needs EtcdEndpoints, like [http://127.0.0.1:2379]")
        }
        take(fields)
    }

    private mutating func take(_ fields: ConfigFields) {
        for problem in fields.problems { report(problem.line, problem.message) }
    }

    private static func name(_ fields: inout ConfigFields) -> String? {
        guard let name = fields.text("Name") else { return nil }
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        // A leading dot or dash would hide a file, or be an option on a command line.
        guard isPlain, !name.hasPrefix("."), !name.hasPrefix("-"), name.utf8.count <= nameBytesMax else {
            fields.report(
                "Name",
                "Name \"\(name)\" may have letters, digits, '-', '_' and '.' only, begin with a letter or digit, "
                    + "and have at most \(nameBytesMax) of them"
            )
            return nil
        }
        return name
    }

    private static func address(
        _ text: String,
        line: Int,
        _ fields: inout ConfigFields
    ) -> (address: NodeAddress, line: Int)? {
        do {
            return (try NodeAddress(text), line)
        } catch {
            fields.report(line: line, error.message)
            return nil
        }
    }

    private static func endpoints(_ fields: inout ConfigFields) -> [String] {
        var endpoints: [String] = []
        for (text, line) in fields.list("EtcdEndpoints") {
            if EtcdEndpoint(text) != nil {
                endpoints.append(text)
            } else {
                // What is before an @ may be a password.
                let shown = text.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
                fields.report(line: line, "\"\(shown)\" is no endpoint; write http://host:port or https://host:port")
            }
        }
        return endpoints
    }
}
