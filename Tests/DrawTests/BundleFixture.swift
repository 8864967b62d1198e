import Draw
import Foundation
import JSON
import Testing

/// A copy of a worked draw in a folder of its own, to be broken.
struct BundleFixture: ~Copyable {
    let folder: URL

    init(_ vector: String = "tiny") throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "draw-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for name in DrawBundle.fileNames { try write(name, Vector(name: vector).bytes(name)) }
    }

    /// A made-up round, drawn.
    init(drawing generator: BundleGenerator) async throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "draw-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for (name, bytes) in try await Self.files(drawing: generator) { try write(name, bytes) }
    }

    static func files(drawing generator: BundleGenerator) async throws -> [String: [UInt8]] {
        var roster: [UInt8] = []
        generator.writeRoster { roster += $0 }
        var files = [
            "roster.tsv": roster, "inspectors.tsv": generator.inspectorsFile(),
            "round.json": generator.definition().json.canonical + [0x0a],
            "secret.json": generator.secret().canonical + [0x0a],
            "seed.json": generator.contributions().canonical,
        ]
        let frozen = try await DrawBundle(files: files).frozen(threads: 2)
        let seed = try DrawBundle(files: files).seed(for: frozen.commitment)
        let result = try await frozen.draw(seed: seed)
        files["commitment.json"] = frozen.commitment.json.canonical + [0x0a]
        files["seed.json"] = seed.json.canonical + [0x0a]
        files["result.json"] = result.canonical + [0x0a]
        let digests = DrawDigests(commitment: frozen.commitment.hash, seed: seed.hex, result: result.hash)
        files["digests.json"] = digests.json.canonical + [0x0a]
        return files
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    var path: String { folder.path }

    func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: folder.appending(path: name))) }

    func write(_ name: String, _ bytes: [UInt8]) throws { try Data(bytes).write(to: folder.appending(path: name)) }

    func remove(_ name: String) throws { try FileManager.default.removeItem(at: folder.appending(path: name)) }

    /// Changes a file's bytes as text in which one byte is one character.
    func change(_ name: String, _ change: (String) -> String) throws {
        let latin = String(String.UnicodeScalarView(try bytes(name).map { Unicode.Scalar($0) }))
        let changed = change(latin)
        #expect(changed.unicodeScalars.map(\.value) != latin.unicodeScalars.map(\.value), "the change changes nothing")
        try write(name, changed.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) })
    }

    /// Changes a JSON file and writes it in canonical form.
    func changeJSON(_ name: String, _ path: [JSONStep], to value: JSONValue?) throws {
        let changed = try JSONValue(parsing: bytes(name)).replacing(path[...], with: value)
        try write(name, changed.canonical + [0x0a])
    }

    func bundle() throws -> DrawBundle {
        var files: [String: [UInt8]] = [:]
        for name in DrawBundle.fileNames { files[name] = try? bytes(name) }
        return DrawBundle(files: files)
    }
}

/// One step into a JSON document.
enum JSONStep: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    case member(String)
    case element(Int)

    init(stringLiteral name: String) { self = .member(name) }
    init(integerLiteral index: Int) { self = .element(index) }
}

extension JSONValue {
    /// The document with another value at a path, or without it.
    func replacing(_ path: ArraySlice<JSONStep>, with value: JSONValue?) throws -> JSONValue {
        guard let step = path.first else { return try #require(value) }
        let rest = path.dropFirst()
        switch (self, step) {
        case (.object(var members), .member(let name)):
            members[name] = try rest.isEmpty ? value : #require(members[name]).replacing(rest, with: value)
            return .object(members)
        case (.array(var elements), .element(let index)):
            if let value = try rest.isEmpty ? value : elements[index].replacing(rest, with: value) {
                elements[index] = value
            } else {
                elements.remove(at: index)
            }
            return .array(elements)
        default: throw Mistake.noSuchPath
        }
    }

    enum Mistake: Error { case noSuchPath }
}

/// A program, run as its users run it.
struct Run {
    let status: Int32
    let output: String
    let errors: String

    init(_ program: URL, _ arguments: [String]) throws {
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        // What is said here fits into the pipes.
        process.waitUntilExit()
        status = process.terminationStatus
        self.output = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        self.errors = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    }

    /// The built executable, which lies beside the test bundle.
    static func yaohao(_ arguments: String...) throws -> Run { try yaohao(arguments) }

    static func yaohao(_ arguments: [String]) throws -> Run {
        let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        return try Run(folder.appending(path: "yaohao"), arguments)
    }

    /// The independent verifier, which shares no code with this package.
    static func independentVerifier(_ folder: String) throws -> Run {
        let script = URL(fileURLWithPath: #filePath).appending(path: "../../../scripts/verify-draw").standardized
        return try Run(URL(fileURLWithPath: "/usr/bin/env"), ["python3", script.path, folder])
    }
}
