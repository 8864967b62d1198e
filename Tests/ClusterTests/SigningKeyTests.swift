import Cluster
import Crypto
import Foundation
import Testing

@Suite("Keys in files")
struct SigningKeyTests {
    static func temporary(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder + "/key")
    }

    static let secret = Curve25519.Signing.PrivateKey()
    static let key = SigningKey(
        department: "SCJG", device: "laptop", sources: ["dept:SCJG"], roles: [.request, .result], privateKey: secret)

    @Test("A key comes back from its file, which only its owner can read and which is never overwritten")
    func file() throws {
        try Self.temporary { path in
            try Self.key.write(to: path)
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            let read = try SigningKey(file: path)
            #expect(read.keyID == Self.key.keyID)
            #expect(read.device == "laptop")
            #expect(read.roles == [.request, .result])
            let before = FileManager.default.contents(atPath: path)
            #expect(throws: SigningKey.FileError.self) {
                try SigningKey(department: "X", sources: [], roles: []).write(to: path)
            }
            #expect(FileManager.default.contents(atPath: path) == before)
        }
    }

    @Test("A file that others can read, is cut short, or is no key is refused by its name", arguments: [0o644, 0o640])
    func refused(mode: Int) throws {
        try Self.temporary { path in
            try Self.key.write(to: path)
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
            let open = #expect(throws: SigningKey.FileError.self) { try SigningKey(file: path) }
            #expect(open?.description.hasPrefix(path) == true)
        }
        for content in ["", "{}", #"{"department":"A","roles":[],"sources":[],"private_key":"AAAA"}"#] {
            try Self.temporary { path in
                try PrivateFile.create(path, Array(content.utf8))
                let error = #expect(throws: SigningKey.FileError.self) { try SigningKey(file: path) }
                #expect(error?.description.hasPrefix(path) == true)
                #expect(error?.description.contains("AAAA") == false)
            }
        }
    }

    @Test("However a key is printed, its private half does not show")
    func printing() {
        var dumped = ""
        dump(Self.key, to: &dumped)
        dump([Self.key], to: &dumped)
        let raw = Self.secret.rawRepresentation
        let printed = ["\(Self.key)", String(reflecting: Self.key), "\([Self.key])", dumped].joined(separator: "\n")
        let forms = [
            raw.base64EncodedString(), hexText(raw), raw.map { "\($0)" }.joined(separator: ", "),
            raw.prefix(6).map { "\($0)" }.joined(separator: ", "),
        ]
        for form in forms { #expect(!printed.contains(form)) }
        #expect(printed.contains(Self.key.keyID))
    }
}
