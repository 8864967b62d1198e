/// Part one of the form (制度机制建设情况): a question with its answer from the registers.
public struct Mechanism: Sendable, Hashable {
    /// The question, exactly as on the form.
    public let question: String
    /// The answer.
    public let answer: String

    /// The form's three questions.
    static let questions = [
        "是否已出台工作细则和工作指引（注明文件名称及文号）", "是否建立随机抽查事项清单并完成录入",
        "是否建立市场主体名录库和执法人员库并完成录入",
    ]
}

/// The state of a department's mechanisms as the registers know it.
struct MechanismState: Sendable, Hashable {
    /// Rules of work (工作细则) or a guide (工作指引), with title and number.
    struct Document: Sendable, Hashable {
        let title: String
        let number: String
        let isRules: Bool
    }

    let name: String
    let isExempt: Bool
    let documents: [Document]
    let general: Int
    let key: Int
    let objects: Int
    let inspectors: Int
    let certified: Int

    private var hasRules: Bool { documents.contains(where: \.isRules) }
    private var hasGuide: Bool { documents.contains { !$0.isRules } }
    private var hasItems: Bool { general + key > 0 }
    private var hasRegisters: Bool { objects > 0 && inspectors > 0 }
    /// Members of the conference without items of their own have nothing to draw.
    private var isOutside: Bool { isExempt && !hasItems }

    /// The answers to the form's three questions.
    var answers: [Mechanism] {
        let none = isOutside ? "无抽查事项，不适用" : "否"
        let listed = documents.map { "《\($0.title)》（\($0.number)）" }.joined(separator: "；")
        let first =
            switch (hasRules, hasGuide) {
            case (true, true): "是：\(listed)"
            case (true, false): "工作细则已出台，工作指引未出台：\(listed)"
            case (false, true): "工作指引已出台，工作细则未出台：\(listed)"
            case (false, false): none
            }
        let second = hasItems ? "是：\(general + key)项，其中重点检查事项\(key)项、一般检查事项\(general)项" : none
        let content = "检查对象\(objects)户，执法人员\(inspectors)人（证件在有效期内\(certified)人）"
        let third = hasRegisters ? "是：\(content)" : objects > 0 || inspectors > 0 ? "未完成：\(content)" : none
        return zip(Mechanism.questions, [first, second, third]).map { Mechanism(question: $0, answer: $1) }
    }

    /// The county's answers: how many departments have done it, and which have not.
    static func county(_ states: [MechanismState]) -> [Mechanism] {
        let bound = states.filter { !$0.isOutside }
        func answer(_ isDone: (MechanismState) -> Bool, _ rest: String = "") -> String {
            let open = bound.filter { !isDone($0) }.map(\.name)
            return "\(bound.count)个有抽查任务的部门中\(bound.count - open.count)个已完成\(rest)"
                + (open.isEmpty ? "" : "；未完成：\(open.joined(separator: "、"))")
        }
        func sum(_ part: (MechanismState) -> Int) -> Int { states.map(part).reduce(0, +) }
        return zip(
            Mechanism.questions,
            [
                answer { $0.hasRules && $0.hasGuide },
                answer(\.hasItems, "，共\(sum { $0.general + $0.key })项，其中重点\(sum(\.key))项、一般\(sum(\.general))项"),
                answer(\.hasRegisters, "，执法人员共\(sum(\.inspectors))人（证件在有效期内\(sum(\.certified))人）"),
            ]
        ).map { Mechanism(question: $0, answer: $1) }
    }
}
