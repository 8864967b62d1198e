import JSON

/// What a person can fill in and submit (表单): one kind of submission, described as data. One template shows every form,
/// and one reader reads it; a field's name on the page is its path in the message, so that what a worker says against a
/// field stands beside it.
struct Form: Sendable {
    /// What the submission is about, which keeps its messages in order.
    var subject = Subject.known("")
    /// Whether it only leads to the next form, as by choosing what that is about.
    var isFirstStep = false
    let title: Words
    /// What the person should know or compare while filling it in.
    var facts: [(label: Words, value: String)] = []
    var hint: Words?
    /// Members that the person does not choose.
    var fixed: [String: JSONValue] = [:]
    var fields: [Field]
    /// The button.
    var action = Words("签名并报送", "Sign and submit")
    /// Where the form belongs: the page to go back to.
    var back: String
    /// Another way to say the same.
    var alternative: (text: Words, link: String)?
    /// The source that speaks; by default the key's own.
    var source: String?

    /// Where the subject comes from.
    enum Subject: Sendable, Hashable {
        case known(String)
        /// The value of a text field, by its path.
        case field(String)
    }

    /// What is submitted when the form says this.
    func content(_ kind: FormKind, _ body: JSONValue) -> SubmissionDesk.Content {
        let about =
            switch subject {
            case .known(let subject): subject
            case .field(let path):
                path.split(separator: ".").reduce(Optional(body)) { value, name in value?[String(name)] }?.text ?? ""
            }
        return SubmissionDesk.Content(type: kind.type, subject: about, body: body, role: kind.role, source: source)
    }
}

/// One field of a form.
struct Field: Sendable {
    /// The message's member.
    let name: String
    let label: Words
    var hint: Words?
    let kind: Kind
    var isRequired = true
    /// What stands there before anything is typed. Never used for what is found at an inspection.
    var initial: JSONValue?

    /// What a field holds.
    indirect enum Kind: Sendable {
        /// One line of text.
        case text(most: Int)
        /// Text of several lines.
        case paragraph(most: Int)
        /// A list of texts, one a line.
        case lines(most: Int)
        /// A calendar day.
        case day
        /// An instant, written as day and time of China; in the message in UTC.
        case instant
        case number(ClosedRange<Int>)
        /// Any JSON, written as text.
        case json(most: Int)
        /// A share written in percent, in the message in parts per million.
        case percent
        /// A box: ticked is `true`.
        case flag
        /// One of some values.
        case choice([Choice])
        /// Any of some values.
        case choices([Choice])
        /// An object.
        case group([Field])
        /// A list with exactly one object.
        case single([Field])
        /// A list with an object for each of some rows that are given.
        case each([Given])
        /// A list of objects that the person adds; rows that are left empty are left out.
        case rows(blank: Int, [Field])
        /// An object of one of several forms.
        case variant([Variant])
        /// A list of a first and a last day.
        case window
        /// A list of windows; those that are left empty are left out.
        case windows(blank: Int)
    }

    /// A value that can be chosen.
    struct Choice: Sendable {
        let value: String
        let label: Words

        init(_ value: String, _ label: Words) {
            self.value = value
            self.label = label
        }
    }

    /// A row that is given: its heading, what it fixes, what is asked.
    struct Given: Sendable {
        let heading: String
        var details: [String] = []
        let fixed: [String: JSONValue]
        let fields: [Field]
    }

    /// One form of an object.
    struct Variant: Sendable {
        let name: String
        let label: Words
        var fixed: [String: JSONValue] = [:]
        let fields: [Field]
    }

    init(
        _ name: String, _ label: Words, _ kind: Kind, hint: Words? = nil, isRequired: Bool = true,
        initial: JSONValue? = nil
    ) {
        self.name = name
        self.label = label
        self.kind = kind
        self.hint = hint
        self.isRequired = isRequired
        self.initial = initial
    }
}
