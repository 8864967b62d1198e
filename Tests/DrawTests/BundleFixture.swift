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

/// The built executable, run as its users run it.
struct YaohaoCommand {
    let status: Int32
    let output: String
    let errors: String

    /// The folder of the test bundle, where the build also puts the executable.
    static let executable = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        .appending(path: "yaohao")

    init(_ arguments: String...) throws { try self.init(arguments) }

    init(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = Self.executable
        process.arguments = arguments
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        // What the commands say here fits into the pipes.
        process.waitUntilExit()
        status = process.terminationStatus
        self.output = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        self.errors = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    }
}
