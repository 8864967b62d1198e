import JSON

/// How `yaohao status` says it to people: a line for each part, and one for each element of a list.
enum StatusText {
    private static let names = [
        "dead_letters": "死信", "deadlines": "期限", "deliveries": "推送", "feeds": "数据更新", "inbox": "报送", "lag": "待办消息",
        "leases": "执行中的任务", "outbox": "待发消息", "publications": "公示", "registers": "登记库", "schema": "数据库版本",
        "tasks": "任务",
    ]

    /// The lines of one part of the report.
    static func lines(_ name: String, _ value: JSONValue) -> [String] {
        let title = "\(names[name] ?? name) \(name)"
        guard case .array(let elements) = value else { return ["\(title)\t\(words(value))"] }
        return ["\(title)\t\(elements.count)"] + elements.map { "  " + words($0) }
    }

    private static func words(_ value: JSONValue) -> String {
        switch value {
        case .object(let members):
            members.sorted { $0.key < $1.key }.map { "\($0.key) \(words($0.value))" }.joined(separator: "  ")
        case .string(let text): text
        case .null: "-"
        default: value.canonicalText
        }
    }
}
