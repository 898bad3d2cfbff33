import Storage
import Testing

/// The table of who may answer a key. Every combination is looked at for what must never be, and the rows that people
/// know are spelt out.
struct AdmissionTests {
    private static let intents: [Admission.Intent] = [
        .write, .leaderRead, .replicaRead(maxAge: nil), .replicaRead(maxAge: 100),
    ]

    struct Row {
        let name: String
        let admission: Admission
        /// Of a write, a read of the leader, and a read that replicas may answer.
        let write: Admission.Decision
        let leaderRead: Admission.Decision
        let replicaRead: Admission.Decision

        init(
            _ name: String,
            _ admission: Admission,
            _ write: Admission.Decision,
            _ leaderRead: Admission.Decision,
            _ replicaRead: Admission.Decision
        ) {
            self.name = name
            self.admission = admission
            self.write = write
            self.leaderRead = leaderRead
            self.replicaRead = replicaRead
        }
    }

    private static let rows: [Row] = [
        Row("a leader", .init(isLeader: true), .serve, .serve, .serve),
        Row("a leader, another's slot", .init(isLeader: true, isOwned: false), .redirect, .redirect, .redirect),
        Row("its lease ran out", .init(isLeader: true, isLapsed: true), .noLeader, .noLeader, .noLeader),
        Row("reads are held", .init(isLeader: true, holdsReads: true), .serve, .park, .park),
        Row("the gate is open", .init(isLeader: true, isOwned: false, gate: .serve), .serve, .serve, .serve),
        Row("the gate says wait", .init(isLeader: true, gate: .park), .park, .park, .park),
        Row("the gate is ahead of the map", .init(isLeader: true, gate: .redirect), .park, .park, .park),
        Row(
            "gate and map say another's",
            .init(isLeader: true, isOwned: false, gate: .redirect),
            .redirect,
            .redirect,
            .redirect
        ),
        Row("a replica", .init(isLeader: false, age: 5), .redirect, .redirect, .serve),
        Row(
            "a replica, another's slot",
            .init(isLeader: false, isOwned: false, age: 5),
            .redirect,
            .redirect,
            .redirect
        ),
        Row("about to become leader", .init(isLeader: false, isAboutToLead: true, age: 5), .park, .park, .park),
        Row(
            "about to become leader, another's slot",
            .init(isLeader: false, isAboutToLead: true, isOwned: false, age: 5),
            .redirect,
            .redirect,
            .redirect
        ),
        Row(
            "taking a copy",
            .init(isLeader: false, holdsNoState: true, age: 5),
            .redirect,
            .redirect,
            .refuse(.takingCopy)
        ),
        Row("of unknown age", .init(isLeader: false), .redirect, .redirect, .refuse(.unknownAge)),
        Row(
            "the log says another's",
            .init(isLeader: false, isDisowned: true, age: 5),
            .redirect,
            .redirect,
            .redirect
        ),
    ]

    @Test func rowsOfTheTable() {
        for row in AdmissionTests.rows {
            #expect(row.admission.decide(.write) == row.write, "\(row.name): write")
            #expect(row.admission.decide(.leaderRead) == row.leaderRead, "\(row.name): read of the leader")
            #expect(row.admission.decide(.replicaRead(maxAge: nil)) == row.replicaRead, "\(row.name): read")
        }
    }

    @Test func aReplicaIsAskedForNothingOlderThanWanted() {
        let replica = Admission(isLeader: false, age: 100)
        #expect(replica.decide(.replicaRead(maxAge: 100)) == .serve)
        #expect(replica.decide(.replicaRead(maxAge: 99)) == .refuse(.tooOld))
        #expect(Admission(isLeader: true).decide(.replicaRead(maxAge: 0)) == .serve, "a leader's is never old")
    }

    @Test func noCombinationServesWhatItMustNot() {
        for admission in AdmissionTests.all() {
            for intent in AdmissionTests.intents where admission.decide(intent) == .serve {
                #expect(admission.isLeader || intent != .write && intent != .leaderRead, "\(admission) \(intent)")
                #expect(!(admission.isLeader && admission.isLapsed), "\(admission) \(intent)")
                #expect(admission.isOwned || admission.gate == .serve, "\(admission) \(intent)")
                #expect(admission.isLeader || admission.age != nil && !admission.holdsNoState, "\(admission) \(intent)")
                #expect(admission.isLeader || !admission.isDisowned, "\(admission) \(intent)")
                #expect(intent == .write || !(admission.isLeader && admission.holdsReads), "\(admission) \(intent)")
            }
        }
    }

    private static func all() -> [Admission] {
        var found: [Admission] = []
        let gates: [Admission.Gate?] = [nil, .serve, .park, .redirect]
        for bits in 0..<128 {
            for gate in gates {
                for age: UInt64? in [nil, 5, 500] {
                    found.append(
                        Admission(
                            isLeader: bits & 1 != 0,
                            isAboutToLead: bits & 2 != 0,
                            isLapsed: bits & 4 != 0,
                            isOwned: bits & 8 != 0,
                            gate: gate,
                            holdsReads: bits & 16 != 0,
                            holdsNoState: bits & 32 != 0,
                            isDisowned: bits & 64 != 0,
                            age: age
                        )
                    )
                }
            }
        }
        return found
    }
}
