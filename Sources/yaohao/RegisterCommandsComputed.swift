import ArgumentParser
import JSON
import Postgres
import Registers

extension RegisterCommands {
    struct Shared: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "shared",
            abstract: "The objects that several departments regulate together · 共同监管对象子库")

        @Option(help: "Departments, comma-separated, all of which regulate an object · 部门") var departments: String
        @OptionGroup var instant: Instant
        @Flag(help: "Only how many · 只数") var count = false
        @Flag(help: "One JSON object a line · 每行一个 JSON") var json = false

        func run() async throws {
            let names = departments.split(separator: ",").map(String.init)
            guard names.count >= 2, Set(names).count == names.count else {
                complain("--departments: 请填写两个以上不同部门，以逗号分隔 / name two or more different departments, comma-separated")
                throw ExitStatus.wrongInput
            }
            let (count, json) = (count, json)
            try await instant.read { reading, transaction in
                let known = try await transaction.query(
                    "SELECT DISTINCT id FROM registers.departments WHERE id = ANY(\(names))"
                ).map { try $0.decode("id", as: String.self) }
                if let unknown = names.first(where: { !known.contains($0) }) {
                    complain("--departments: 没有部门 \(unknown) / no such department")
                    throw ExitStatus.wrongInput
                }
                let part = try SubRegisterName.shared(by: names)
                if count {
                    let number = try await reading.count(of: .fed(.entities), part: part, from: transaction)
                    say(json ? JSONValue.object(["count": .integer(number)]).canonicalText : "\(number)")
                    return
                }
                var after = ""
                while true {
                    let page = try await reading.rows(of: .fed(.entities), part: part, after: after, from: transaction)
                    guard let last = page.last else { return }
                    after = last.id
                    for row in page {
                        say(json ? row.json.canonicalText : "\(row.id)\t\(row.body["name"]?.text ?? "")")
                    }
                }
            }
        }
    }

    struct Joint: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "joint",
            abstract: "The joint registers, computed, and what they leave out · 联合两库及遗漏")

        enum Part: String, CaseIterable, ExpressibleByArgument {
            case objects, inspectors, omissions
        }

        @OptionGroup var instant: Instant
        @Option(help: "List objects, inspectors or omissions · 列出") var list: Part?
        @Flag(help: "As JSON · 以 JSON 输出") var json = false

        func run() async throws {
            let (list, json) = (list, json)
            try await instant.read { reading, transaction in
                switch list {
                case .objects:
                    for (entity, items) in try await JointRegisters.objects(as: reading, from: transaction) {
                        let line: JSONValue = ["entity": .string(entity), "items": .array(items.map { .string($0) })]
                        say(json ? line.canonicalText : "\(entity)\t\(items.joined(separator: ","))")
                    }
                case .inspectors:
                    for (inspector, department) in try await JointRegisters.inspectors(as: reading, from: transaction) {
                        let line: JSONValue = ["inspector": .string(inspector), "department": .string(department)]
                        say(json ? line.canonicalText : "\(inspector)\t\(department)")
                    }
                case .omissions, nil:
                    let joint = try await JointRegisters(as: reading, from: transaction)
                    if list == nil { summarize(joint, json) } else { enumerate(joint.omissions, json) }
                }
            }
        }

        private func summarize(_ joint: JointRegisters, _ json: Bool) {
            let counts = Dictionary(grouping: joint.omissions, by: \.reason).mapValues(\.count)
            if json {
                say(
                    JSONValue.object([
                        "items": .integer(joint.items), "objects": .integer(joint.objects),
                        "inspectors": .integer(joint.inspectors),
                        "omissions": .object(
                            Dictionary(
                                uniqueKeysWithValues: counts.map { ($0.key.rawValue, JSONValue.integer($0.value)) })),
                    ]).canonicalText)
                return
            }
            say(
                "联合抽查事项 items \(joint.items)  联合对象 objects \(joint.objects)  可派人员 inspectors \(joint.inspectors)")
            for (reason, count) in counts.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                say("遗漏 left out \(count)\t\(reason.rawValue)\t\(reason.message)")
            }
        }

        private func enumerate(_ omissions: [JointRegisters.Omission], _ json: Bool) {
            for omission in omissions {
                say(
                    json
                        ? omission.json.canonicalText
                        : "\(omission.register)\t\(omission.id)\t\(omission.department)\t\(omission.reason.message)")
            }
        }
    }

    struct SubRegisters: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "sub-registers", abstract: "The named sub-registers and how many rows each has · 子库")

        @OptionGroup var instant: Instant
        @Flag(help: "One JSON object a line · 每行一个 JSON") var json = false

        func run() async throws {
            let json = json
            try await instant.read { reading, transaction in
                for part in try await reading.subRegisters(from: transaction) {
                    let count = try await reading.count(of: .fed(part.register), part: part, from: transaction)
                    let line: JSONValue = [
                        "id": .string(part.id), "name": .string(part.name), "register": .string(part.register.rawValue),
                        "department": .string(part.department), "rule": part.rule, "count": .integer(count),
                    ]
                    say(
                        json
                            ? line.canonicalText
                            : "\(part.id)\t\(part.name)\t\(part.register.rawValue)\t\(count)\t\(part.rule.canonicalText)"
                    )
                }
            }
        }
    }

    struct Certificates: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "certificates",
            abstract: "Enforcement certificates that are missing, expired, or end soon · 执法证到期提醒")

        @OptionGroup var instant: Instant
        @Flag(help: "One JSON object a line · 每行一个 JSON") var json = false

        func run() async throws {
            let json = json
            try await instant.read { reading, transaction in
                for certificate in try await Certificate.due(as: reading, from: transaction) {
                    let (code, text) =
                        switch certificate.state {
                        case .missing: ("missing", "无执法证 missing")
                        case .expired: ("expired", "已过期 expired")
                        case .ending(let days): ("ending", "\(days) 日内到期 ends within \(days) days")
                        case .valid: ("valid", "有效 valid")
                        }
                    let line: JSONValue = [
                        "inspector": .string(certificate.inspector), "department": .string(certificate.department),
                        "until": certificate.until.map { .string($0.description) } ?? .null, "state": .string(code),
                        "within_days": {
                            if case .ending(let days) = certificate.state { return .integer(days) }
                            return .null
                        }(),
                    ]
                    say(
                        json
                            ? line.canonicalText
                            : "\(certificate.inspector)\t\(certificate.department)\t\(certificate.until?.description ?? "-")\t\(text)"
                    )
                }
            }
        }
    }
}
