import ArgumentParser
import Draw
import Foundation
import JSON

/// `yaohao draw DIR --out DIR2`: everything that follows from a bundle's frozen files and its contributions.
struct DrawCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "draw", abstract: "Draw a round from its frozen files · 由冻结文件抽取",
        discussion: """
            DIR holds roster.tsv, inspectors.tsv, round.json, secret.json and, in seed.json, the contributions.
            DIR2 gets commitment.json, seed.json, result.json and digests.json.
            """)

    @Argument(help: "The folder of the frozen files · 冻结文件目录") var directory: String
    @Option(name: .customLong("out"), help: "The folder of the result, made if it is not there · 结果目录") var output:
        String
    @OptionGroup var machine: DrawMachineOptions
    @Flag(help: "Print what each phase took on standard error · 打印各阶段用时") var timings = false

    func run() async throws {
        try await reportingDrawErrors(in: directory) {
            var clock = PhaseClock()
            let bundle = try BundleFolder(directory).bundle(
                [RosterLine.fileName, InspectorLine.fileName, "round.json", "secret.json", "seed.json"])
            clock.begin(DrawPhase.count.rawValue)
            let frozen = try await bundle.frozen(threads: machine.threads)
            let seed = try bundle.seed(for: frozen.commitment)
            let result = try await frozen.draw(seed: seed) { clock.begin($0.rawValue) }
            clock.begin("write")
            let folder = try BundleFolder(output, creating: true)
            try folder.write("commitment.json", frozen.commitment.json)
            try folder.write("seed.json", seed.json)
            let digest = try folder.write("result.json") { try result.write(to: $0) }
            let digests = DrawDigests(commitment: frozen.commitment.hash, seed: seed.hex, result: digest)
            try folder.write("digests.json", digests.json)
            clock.end()
            if timings { clock.report(result) }
            say("承诺 commitment \(digests.commitment)")
            say("种子 seed \(digests.seed)")
            say("结果 result \(digests.result)")
        }
    }
}

/// `yaohao commit DIR`: the commitment's hash, before any seed exists.
struct CommitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "commit", abstract: "Print the commitment to a round's frozen files · 计算承诺")

    @Argument(help: "The folder of the frozen files · 冻结文件目录") var directory: String
    @OptionGroup var machine: DrawMachineOptions

    func run() async throws {
        try await reportingDrawErrors(in: directory) {
            let bundle = try BundleFolder(directory).bundle(
                [RosterLine.fileName, InspectorLine.fileName, "round.json", "secret.json"])
            say(try await bundle.frozen(threads: machine.threads).commitment.hash)
        }
    }
}

/// `yaohao prove DIR ID`: proof that one entity's line stands in the committed roster.
struct ProveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prove", abstract: "Prove that an entity stands in the roster, showing no other · 单户证明")

    @Argument(help: "The folder of roster.tsv and secret.json · 冻结文件目录") var directory: String
    @Argument(help: "The entity's id · 检查对象代码") var id: String
    @OptionGroup var machine: DrawMachineOptions

    func run() async throws {
        try await reportingDrawErrors(in: directory) {
            let bundle = try BundleFolder(directory).bundle([RosterLine.fileName, "secret.json"])
            let proof = try await EntityProof(
                of: id, roster: bundle.bytes(RosterLine.fileName), salt: bundle.salt(), threads: machine.threads)
            guard let proof else {
                complain("\(RosterLine.fileName): id: no line has \"\(id)\"; give the id as the roster writes it")
                throw ExitStatus.answerIsNo
            }
            say(proof.json.canonicalText)
        }
    }
}

/// `yaohao verify DIR`, or one entity's proof.
struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Recompute a draw and compare every file · 核验",
        discussion: """
            Exit status 0: everything that could be recomputed is right (what a public bundle leaves out is named);
            1: the files are well-formed, but one is not what the rules give; 2: a file is broken.
            """)

    @Argument(help: "The bundle's folder · 档案目录") var directory: String?
    @Option(help: "One entity's proof.json instead of a folder · 单户证明") var proof: String?
    @Option(help: "The commitment.json that the proof is checked against · 承诺") var commitment: String?
    @Flag(help: "Print one JSON object · 输出 JSON") var json = false
    @OptionGroup var machine: DrawMachineOptions

    func validate() throws {
        guard (directory == nil) == (proof != nil), (proof == nil) == (commitment == nil) else {
            throw ValidationError("give either DIR, or --proof FILE and --commitment FILE")
        }
    }

    func run() async throws {
        guard let proof, let commitment else { return try await verifyFolder(directory ?? ".") }
        try await reportingDrawErrors(in: nil) {
            let published = try JSONFile(canonical: readFile(commitment), name: commitment).read {
                try Commitment(json: $0.value)
            }
            let proofFile = try JSONFile(canonical: readFile(proof), name: proof).read { try EntityProof($0) }
            try Verification.check(proofFile, against: published, file: proof)
            if json {
                let answer: JSONValue = [
                    "verified": true, "line": .string(proofFile.line), "commitment": .string(published.hash),
                ]
                say(answer.canonicalText)
            } else {
                say("核验通过 verified: \(proofFile.line)")
                say("承诺 commitment \(published.hash)")
            }
        }
    }

    private func verifyFolder(_ directory: String) async throws {
        try await reportingDrawErrors(in: directory) {
            let verification = try await Verification.verify(
                BundleFolder(directory).bundle(DrawBundle.fileNames + [Amendment.fileName]), threads: machine.threads)
            if json {
                let answer: JSONValue = [
                    "verified": true, "checked": .strings(verification.checked.map(\.rawValue)),
                    "unchecked": .strings(verification.unchecked.map(\.rawValue)),
                ]
                return say(answer.canonicalText)
            }
            for part in verification.checked { say("核验通过 verified: \(part.title)") }
            for part in verification.unchecked { say("未公开，未能核验 not published, not checked: \(part.title)") }
        }
    }
}
