import Cluster
import JSON
import Registers

/// A rung of the ladder of a deadline that is not met, on or after its day (提醒、督办).
struct Reminder: Sendable, Hashable {
    let kind: String
    /// What the kind is called, in Chinese.
    let kindName: String
    let subject: String
    let title: String
    let basis: String
    let rung: String
    let place: Int
    let audiences: [DeadlineRules.Audience]
    /// The department that the deadline binds.
    let department: String
    /// Inspectors whose work it is, by their ids.
    let people: [String]
    let dueOn: Day
    let fireOn: Day

    /// Whether it may be sent: never before its day.
    func isDue(today: Day) -> Bool { fireOn <= today }

    /// Who gets it, each once, with the audience that he belongs to; empty while nobody is there to get it.
    func recipients(offices: [String]) -> [(audience: DeadlineRules.Audience, recipient: Recipient)] {
        var seen: Set<Recipient> = []
        return audiences.flatMap { audience in
            let recipients: [Recipient] =
                switch audience {
                case .inspectors:
                    people.isEmpty
                        ? [Recipient(department: department, role: .contact)]
                        : people.map { Recipient(department: department, role: .inspectors, person: $0) }
                case .contact: [Recipient(department: department, role: .contact)]
                case .head: [Recipient(department: department, role: .head)]
                case .office: offices.map { Recipient(department: $0, role: .office) }
                case .circular: [Recipient(department: department, role: .circular)]
                }
            return recipients.filter { seen.insert($0).inserted }.map { (audience, $0) }
        }
    }
}

/// Who is told. Its ``id`` is the key on the topic of notices, and what channels have addresses for.
struct Recipient: Sendable, Hashable, Comparable {
    let department: String
    let role: DeadlineRules.Audience
    /// An inspector, by id.
    let person: String?

    init(department: String, role: DeadlineRules.Audience, person: String? = nil) {
        self.department = department
        self.role = role
        self.person = person
    }

    /// `SCJG` for the department's contact, `SCJG/head`, `SCJG/office`, `SCJG/inspectors/I1`, and `SCJG/circular` for
    /// what goes into the circular's draft about the department.
    var id: String {
        switch role {
        case .contact: department
        case .inspectors: department + "/inspectors/" + (person ?? "")
        case .head, .office, .circular: department + "/" + role.rawValue
        }
    }

    /// By id.
    static func < (left: Recipient, right: Recipient) -> Bool { left.id < right.id }
}

/// One message for everything that falls to somebody at a time (汇总提醒).
struct Digest: Sendable, Hashable {
    /// The CloudEvents type.
    static let eventType = "cn.yaohao.notices.reminders-sent.v1"

    let recipient: Recipient
    /// What the recipient is called: the department's name, with the role.
    let name: String
    let today: Day
    /// In the order of their days.
    let reminders: [Reminder]

    /// The digests of what has fallen due, one for each recipient, ordered by recipient. What goes into the circular's
    /// draft is no message.
    static func digests(
        of reminders: [Reminder], departments: [String: String], offices: [String], today: Day
    ) -> [Digest] {
        let order = reminders.filter { $0.isDue(today: today) }.sorted {
            ($0.fireOn, $0.dueOn, $0.kind, $0.subject, $0.place) < ($1.fireOn, $1.dueOn, $1.kind, $1.subject, $1.place)
        }
        var byRecipient: [Recipient: [Reminder]] = [:]
        for reminder in order {
            for (_, recipient) in reminder.recipients(offices: offices) where recipient.role != .circular {
                byRecipient[recipient, default: []].append(reminder)
            }
        }
        return byRecipient.sorted { $0.key < $1.key }.map { recipient, reminders in
            let department = departments[recipient.department] ?? recipient.department
            let role =
                switch recipient.role {
                case .inspectors: "检查人员 \(recipient.person ?? "")"
                case .contact: "联络员"
                case .head: "负责人"
                case .office: "联席会议办公室"
                case .circular: "通报"
                }
            return Digest(recipient: recipient, name: department + role, today: today, reminders: reminders)
        }
    }

    /// Whether some of it should have been sent on an earlier day.
    var isCatchingUp: Bool { reminders.contains { $0.fireOn < today } }

    /// How a deadline stands today, in Chinese.
    static func state(dueOn: Day, today: Day) -> String {
        let days = today.number - dueOn.number
        return days == 0 ? "今日到期" : days > 0 ? "已逾期\(days)天" : "还有\(-days)天"
    }

    /// The message's members without its sentence.
    var json: [String: JSONValue] {
        [
            "recipient": .string(recipient.id), "department": .string(recipient.department),
            "role": .string(recipient.role.rawValue), "name": .string(name), "day": .string("\(today)"),
            "catching_up": .bool(isCatchingUp),
            "entries": .array(
                reminders.map { reminder in
                    [
                        "kind": .string(reminder.kind), "kind_name": .string(reminder.kindName),
                        "subject": .string(reminder.subject), "department": .string(reminder.department),
                        "title": .string(reminder.title), "basis": .string(reminder.basis),
                        "rung": .string(reminder.rung), "fire_on": .string("\(reminder.fireOn)"),
                        "due_on": .string("\(reminder.dueOn)"),
                        "state": .string(Self.state(dueOn: reminder.dueOn, today: today)),
                    ]
                }),
        ]
    }

    /// What templates are filled with. Each deadline is named once, however many of its rungs are caught up at a time.
    var context: [String: Any] {
        var last: [String: Reminder] = [:]
        for reminder in reminders { last[reminder.kind + "\0" + reminder.subject] = reminder }
        var named: Set<String> = []
        let deadlines = reminders.compactMap { reminder in
            let key = reminder.kind + "\0" + reminder.subject
            return named.insert(key).inserted ? last[key] : nil
        }
        return [
            "name": name, "recipient": recipient.id, "day": "\(today)", "count": deadlines.count,
            "catching_up": isCatchingUp,
            "entries": deadlines.enumerated().map { index, reminder in
                [
                    "number": index + 1, "title": reminder.title, "kind_name": reminder.kindName,
                    "subject": reminder.subject, "department": reminder.department, "due_on": "\(reminder.dueOn)",
                    "state": Self.state(dueOn: reminder.dueOn, today: today), "basis": reminder.basis,
                ] as [String: Any]
            },
        ]
    }
}
