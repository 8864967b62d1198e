import ArgumentParser
import Draw

/// `yaohao generate DIR`: a made-up bundle of any size.
struct GenerateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate", abstract: "Make up a bundle of any size, to try draws with · 生成模拟数据",
        discussion: """
            Writes roster.tsv, inspectors.tsv, round.json, secret.json and the contributions in seed.json, ready for
            `yaohao draw`. The same numbers give the same bytes; salt and nonces follow from them, so nothing made here
            can serve as a real draw.
            """)

    @Argument(help: "The folder, made if it is not there · 目录") var directory: String
    @Option(help: "Number of entities · 检查对象数") var entities: Int
    @Option(help: "Number of requests · 抽取申请数") var requests: Int
    @Option(help: "Number of inspectors · 检查人员数") var inspectors: Int
    @Option(help: "Number of departments · 部门数") var departments: Int
    @Option(help: "What makes one bundle different from another · 种子") var seed: UInt64

    func validate() throws {
        let bounds = BundleGenerator.bounds
        for (name, number, range) in [
            ("entities", entities, 0...bounds.entities), ("requests", requests, 0...bounds.requests),
            ("inspectors", inspectors, 0...bounds.inspectors), ("departments", departments, 1...bounds.departments),
        ] where !range.contains(number) {
            throw ValidationError("--\(name) must be from \(range.lowerBound) to \(range.upperBound)")
        }
    }

    func run() throws {
        let generator = BundleGenerator(
            entities: entities, requests: requests, inspectors: inspectors, departments: departments, seed: seed)
        do {
            let folder = try BundleFolder(directory, creating: true)
            try folder.write("round.json", generator.definition().json)
            try folder.write("secret.json", generator.secret())
            try folder.write("seed.json", generator.contributions())
            try folder.writeLines(InspectorLine.fileName) { try $0(generator.inspectorsFile()) }
            try folder.writeLines(RosterLine.fileName) { try generator.writeRoster(to: $0) }
        } catch let trouble as FileTrouble {
            complain(trouble.description)
            throw ExitStatus.wrongInput
        }
        say(
            "已生成 made \(directory): \(entities) entities, \(requests) requests, \(inspectors) inspectors, "
                + "\(departments) departments")
    }
}
