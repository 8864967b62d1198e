import Cluster
import JSON
import Registers

/// A rung of the ladder of a deadline that is not met (提醒、督办).
struct Reminder: Sendable, Hashable {
    /// The CloudEvents type.
    static let eventType = "cn.yaohao.notices.deadline-reminded.v1"

    let kind: String
    /// The subject of the deadline, such as `VISIT/DEPARTMENT`.
    let subject: String
    let rung: String
    let audience: Audience
    /// The department that the deadline binds.
    let department: String
    let dueOn: Day
    let fireOn: Day

    /// Whether it may be sent: never before its day.
    func isDue(today: Day) -> Bool { fireOn <= today }

    /// Who gets it; empty when the register names no lead department.
    func recipients(leads: [String]) -> [String] {
        switch audience {
        case .department: [department]
        case .lead: leads
        }
    }

    /// The sentence for people, Chinese first.
    func sentence(today: Day) -> String {
        let what = "\(department) 的抽查结果（\(subject)）公示期限为 \(dueOn)"
        if dueOn < today {
            return "\(what)，已逾期，尚未公示。Publication was due on \(dueOn) and is overdue."
        }
        if dueOn == today { return "\(what)，今日到期，尚未公示。Publication is due today." }
        return "\(what)，尚未公示。Publication is due on \(dueOn)."
    }

    /// One message for each recipient.
    func messages(leads: [String], today: Day, topics: Topics) -> [Outgoing] {
        recipients(leads: leads).map { recipient in
            Outgoing(
                topic: topics.notices, key: recipient, type: Self.eventType, subject: subject,
                data: [
                    "recipient": .string(recipient), "department": .string(department), "kind": .string(kind),
                    "subject": .string(subject), "rung": .string(rung), "fire_on": .string("\(fireOn)"),
                    "due_on": .string("\(dueOn)"), "message": .string(sentence(today: today)),
                ])
        }
    }
}
