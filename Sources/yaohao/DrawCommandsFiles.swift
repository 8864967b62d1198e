import ArgumentParser
import Crypto
import Draw
import Foundation
import JSON

/// How a draw uses the machine.
struct DrawMachineOptions: ParsableArguments {
    @Option(help: "How many threads to use; the result is the same · 线程数")
    var threads = ProcessInfo.processInfo.activeProcessorCount

    func validate() throws {
        guard (1...256).contains(threads) else { throw ValidationError("--threads must be from 1 to 256") }
    }
}

/// Runs a draw's command: a broken file ends it with status 2, one that is not what the rules give with status 1.
/// - Parameter directory: the folder of the files, for the message.
func reportingDrawErrors(in directory: String?, _ work: () async throws -> Void) async throws {
    let folder = directory.map { $0.hasSuffix("/") ? $0 : $0 + "/" } ?? ""
    do {
        try await work()
    } catch let error as DrawError {
        complain(folder + error.description)
        throw ExitStatus.wrongInput
    } catch let difference as Difference {
        complain(folder + difference.description)
        throw ExitStatus.answerIsNo
    } catch let error as FileTrouble {
        complain(error.description)
        throw ExitStatus.wrongInput
    }
}

/// A file that can't be read or written, in one line.
struct FileTrouble: Error, CustomStringConvertible {
    let path: String
    let problem: String
    let remedy: String

    var description: String { "\(path): \(problem); \(remedy)" }

    /// The trouble that the last system call left in `errno`.
    static func system(_ path: String, _ remedy: String) -> FileTrouble {
        FileTrouble(path: path, problem: String(cString: strerror(errno)), remedy: remedy)
    }
}

/// The whole file, in memory of its own.
func readFile(_ path: String) throws -> [UInt8] {
    let remedy = "give a file that can be read"
    let descriptor = open(path, O_RDONLY)
    guard descriptor >= 0 else { throw FileTrouble.system(path, remedy) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FileTrouble.system(path, remedy) }
    guard status.st_mode & S_IFMT == S_IFREG else {
        throw FileTrouble(path: path, problem: "this is no regular file", remedy: remedy)
    }
    let size = Int(status.st_size)
    return try [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
        while count < size {
            let got = read(descriptor, buffer.baseAddress.map { $0 + count }, size - count)
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw FileTrouble.system(path, remedy) }
            guard got > 0 else { break }
            count += got
        }
    }
}

/// The folder of a bundle.
struct BundleFolder {
    let path: String

    init(_ path: String, creating: Bool = false) throws {
        self.path = path
        if creating {
            do {
                try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            } catch {
                throw FileTrouble(path: path, problem: "the folder can't be made", remedy: "give another one")
            }
        }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
            throw FileTrouble(path: path, problem: "there is no such folder", remedy: "give a bundle's folder")
        }
    }

    private func path(of name: String) -> String { path.hasSuffix("/") ? path + name : "\(path)/\(name)" }

    /// Reads those of the files that are there; what needs one that is missing says so.
    func bundle(_ names: [String]) throws -> DrawBundle {
        var files: [String: [UInt8]] = [:]
        for name in names where FileManager.default.fileExists(atPath: path(of: name)) {
            files[name] = try readFile(path(of: name))
        }
        return DrawBundle(files: files)
    }

    /// Writes a document in canonical form with one LF after it.
    func write(_ name: String, _ value: JSONValue) throws { try write(name) { try $0(value.canonical) } }

    /// Writes a document piece by piece, with one LF after it.
    /// - Returns: the hash of the pieces, in hexadecimal, without the LF.
    @discardableResult
    func write(_ name: String, _ pieces: (([UInt8]) throws -> Void) throws -> Void) throws -> String {
        var hash = SHA256()
        try writeLines(name) { append in
            try pieces { piece in
                piece.withUnsafeBytes { hash.update(bufferPointer: $0) }
                try append(piece)
            }
            try append([0x0a])
        }
        return Hash(bytes: Array(hash.finalize()))?.hex ?? ""
    }

    /// Writes a file piece by piece, under its name only when it is complete.
    func writeLines(_ name: String, _ pieces: (@escaping ([UInt8]) throws -> Void) throws -> Void) throws {
        let file = try NewFile(path(of: name))
        do {
            try pieces { try file.append($0) }
            try file.finish()
        } catch {
            file.abandon()
            throw error
        }
    }
}

/// A file that gets its name only when it is complete.
struct NewFile {
    private let path: String
    private let temporary: String
    private let descriptor: Int32
    private static let remedy = "give a folder that can be written, with enough space"

    init(_ path: String) throws {
        self.path = path
        temporary = "\(path).\(getpid()).tmp"
        descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        guard descriptor >= 0 else { throw FileTrouble.system(path, Self.remedy) }
    }

    func append(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { bytes in
            var written = 0
            while written < bytes.count {
                let count = Foundation.write(descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw FileTrouble.system(path, Self.remedy) }
                written += count
            }
        }
    }

    func finish() throws {
        guard close(descriptor) == 0, rename(temporary, path) == 0 else { throw FileTrouble.system(path, Self.remedy) }
    }

    func abandon() {
        close(descriptor)
        unlink(temporary)
    }
}

/// Measures the phases of a command: the time that passed, and the processors' time that it took.
struct PhaseClock {
    private struct Mark {
        let name: String
        let time = ContinuousClock.now
        let processors = PhaseClock.processorSeconds
    }

    private var marks = [Mark(name: "read")]

    mutating func begin(_ name: String) { marks.append(Mark(name: name)) }

    mutating func end() { begin("end") }

    /// Prints each phase, the sizes of the result and the largest memory, on standard error.
    func report(_ result: DrawResult) {
        for (phase, next) in zip(marks, marks.dropFirst()) { line(phase.name, from: phase, to: next) }
        if let first = marks.first, let last = marks.last { line("total", from: first, to: last) }
        let drawn = result.selections.reduce(0) { $0 + $1.entities.count }
        let filled = result.teams.joined().reduce(0) { $0 + $1.inspectors.count }
        let missing = result.teams.joined().reduce(0) { $0 + $1.missing.count }
        line("drawn \(drawn) visits \(result.visits.count) slots \(filled + missing) empty \(missing)")
        line("peak memory \(Self.usage.ru_maxrss / 1024) MB")
    }

    private func line(_ name: String, from: Mark, to: Mark) {
        let passed = Int((from.time.duration(to: to.time) / .milliseconds(1)).rounded())
        let taken = Int(((to.processors - from.processors) * 1000).rounded())
        line("\(name) \(passed) ms, processors \(taken) ms")
    }

    private func line(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

    private static var usage: rusage {
        var usage = rusage()
        // 0 is RUSAGE_SELF, whose type differs from what glibc's function takes.
        getrusage(0, &usage)
        return usage
    }

    private static var processorSeconds: Double {
        let usage = usage
        return [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1_000_000 }
    }
}
