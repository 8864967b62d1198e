import Cluster
import Foundation
import Testing

@Suite("Envelope and signature")
struct EnvelopeTests {
    static let key = SigningKey(department: "SCJG", sources: ["dept:SCJG"], roles: [.request])

    static func event(data: String? = #"{"a":1}"#) -> CloudEvent {
        CloudEvent(
            id: "one", source: "dept:SCJG", type: "cn.yaohao.rounds.draw-requested.v1", subject: "R-1",
            time: "2026-03-01T00:00:00Z", extensions: ["feedversion": "7"], data: data.map { Array($0.utf8) })
    }

    static func headers(_ event: CloudEvent) -> [(name: String, value: [UInt8])] {
        event.headers.map { ($0.name, Array($0.value.utf8)) }
    }

    @Test("An event comes back from its headers as it was, a tombstone too")
    func roundTrip() throws {
        for event in [Self.event(), Self.event(data: nil)] {
            #expect(try CloudEvent(headers: Self.headers(event), value: event.data) == event)
        }
    }

    @Test(
        "A broken envelope is refused and names the header",
        arguments: ["ce_id", "ce_source", "ce_type", "ce_specversion"])
    func missing(name: String) {
        let event = Self.event()
        let without = Self.headers(event).filter { $0.name != name }
        let error = #expect(throws: CloudEvent.Malformed.self) { try CloudEvent(headers: without, value: event.data) }
        #expect(error?.field == name)
        let twice = Self.headers(event) + Self.headers(event).filter { $0.name == name }
        #expect(throws: CloudEvent.Malformed.self) { try CloudEvent(headers: twice, value: event.data) }
    }

    @Test(
        "Ids are 1 to 128 bytes of printable ASCII", arguments: ["", "a b", "编号", String(repeating: "x", count: 129)])
    func identifiers(id: String) {
        var event = Self.event()
        event.id = id
        #expect(throws: CloudEvent.Malformed.self) { try CloudEvent(headers: Self.headers(event), value: event.data) }
    }

    @Test("Attributes have bounds, in number and in length, and what is too much is named")
    func bounds() throws {
        let many = (0..<CloudEvent.maximumAttributes).map { (name: "ce_x\($0)", value: [UInt8(0x61)]) }
        let long = [UInt8](repeating: 0x61, count: CloudEvent.maximumAttributeSize + 1)
        let cases: [(more: [(name: String, value: [UInt8])], field: String)] = [
            (many, "ce_x"), ([("ce_long", long)], "ce_long"),
        ]
        for (more, field) in cases {
            let error = #expect(throws: CloudEvent.Malformed.self) {
                try CloudEvent(headers: Self.headers(Self.event()) + more, value: nil)
            }
            #expect(error?.field.hasPrefix(field) == true)
        }
        for (subject, time) in [
            (String(repeating: "x", count: CloudEvent.maximumSubjectSize + 1), "2026-03-01T00:00:00Z"),
            ("a\u{0}b", "2026-03-01T00:00:00Z"), ("R-1", "昨天"), ("R-1", String(repeating: "0", count: 65)),
        ] {
            var event = Self.event()
            event.subject = subject
            event.time = time
            #expect(throws: CloudEvent.Malformed.self) {
                try CloudEvent(headers: Self.headers(event), value: event.data)
            }
        }
    }

    @Test("Two submissions say the same when type, subject and data are the same, whenever and however signed")
    func sameBody() throws {
        var later = Self.event()
        later.time = "2027-01-01T00:00:00Z"
        later.extensions = [:]
        #expect(later.bodyDigest == Self.event().bodyDigest)
        #expect(try Signature.sign(Self.event(), with: Self.key).bodyDigest == Self.event().bodyDigest)
        #expect(Self.event(data: #"{"a":2}"#).bodyDigest != Self.event().bodyDigest)
        var other = Self.event()
        other.subject = "R-2"
        #expect(other.bodyDigest != Self.event().bodyDigest)
    }

    @Test("A signed event verifies, and keeps only what was signed")
    func signed() throws {
        var signed = try Signature.sign(Self.event(), with: Self.key)
        #expect(try Signature.claimedKeyID(of: signed) == Self.key.keyID)
        signed.extensions["traceparent"] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        let verified = try Signature.verify(signed, publicKey: Self.key.publicKey)
        #expect(verified.extensions == ["feedversion": "7"])
        #expect(verified.data == Self.event().data)
    }

    @Test("Whatever is changed after signing is noticed")
    func tampered() throws {
        let signed = try Signature.sign(Self.event(), with: Self.key)
        let changes: [(inout CloudEvent) -> Void] = [
            { $0.id = "two" }, { $0.source = "dept:SFJ" }, { $0.type += "x" }, { $0.subject = nil },
            { $0.time = "2026-03-01T00:00:01Z" }, { $0.data = Array("{}".utf8) }, { $0.data = nil },
            { $0.extensions["feedversion"] = "8" },
        ]
        for change in changes {
            var event = signed
            change(&event)
            #expect(throws: Signature.Refusal.mismatch) { try Signature.verify(event, publicKey: Self.key.publicKey) }
        }
        let other = SigningKey(department: "SFJ", sources: ["dept:SFJ"], roles: [])
        #expect(throws: Signature.Refusal.mismatch) { try Signature.verify(signed, publicKey: other.publicKey) }
        #expect(throws: Signature.Refusal.unsigned) {
            try Signature.verify(Self.event(), publicKey: Self.key.publicKey)
        }
        var garbled = signed
        garbled.extensions["dssematerial"] = "!"
        #expect(throws: Signature.Refusal.self) { try Signature.verify(garbled, publicKey: Self.key.publicKey) }
    }

    @Test("A key's file is its owner's alone, is never overwritten, and reads back")
    func keyFile() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "scjg.key").path
        try Self.key.write(to: file)
        let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        #expect(throws: SigningKey.FileError.self) { try Self.key.write(to: file) }
        let read = try SigningKey(file: file)
        #expect(read.keyID == Self.key.keyID)
        #expect(read.sources == Self.key.sources)
        #expect(read.roles == Self.key.roles)
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: file)
        #expect(throws: SigningKey.FileError.self) { try SigningKey(file: file) }
    }

    @Test("Settings name the variable that is missing or makes no sense")
    func settings() throws {
        let right = ["YAOHAO_POSTGRES": "host=/tmp", "YAOHAO_KAFKA": "127.0.0.1:9092"]
        #expect(try Settings(environment: right).topics.receipts == "yaohao.receipts")
        for (name, value) in [
            ("YAOHAO_POSTGRES", ""), ("YAOHAO_KAFKA", ""), ("YAOHAO_PARTITIONS", "many"), ("YAOHAO_LOG_LEVEL", "loud"),
            ("YAOHAO_UNSIGNED", "yes"), ("YAOHAO_LEASE_MS", "1"), ("YAOHAO_FAULTS", "relay-uncommitted=0.1"),
            ("YAOHAO_FAULTS", "development nowhere=0.1"), ("YAOHAO_FAULTS", "development task-committed=2"),
            ("YAOHAO_FAULTS", "development task-committed=sleep:1"),
        ] {
            let error = #expect(throws: Settings.Problem.self) {
                try Settings(environment: right.merging([name: value]) { _, new in new })
            }
            #expect(error?.description.contains(name) == true)
        }
        let faults = ["YAOHAO_FAULTS": "development task-committed=0.25 relay-uncommitted=stop:1"]
        #expect(
            try Settings(environment: right.merging(faults) { $1 }).crashes
                == [
                    .taskCommitted: .init(fault: .end, chance: 0.25), .relayUncommitted: .init(fault: .stop, chance: 1),
                ])
    }
}
