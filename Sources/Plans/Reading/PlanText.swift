/// A cell's text in plain form: half width, one kind of dash, without blanks that part nothing.
///
/// Each scalar keeps its place in the text as written, so that what is read in plain form can be shown word for word.
struct PlanText {
    /// What a line break in a cell is: it may part statements, or stand where a narrow column broke the text.
    enum Breaks {
        case part, join
    }

    /// The text in plain form; line breaks that part are kept as such.
    let plain: [Unicode.Scalar]
    private let written: [Unicode.Scalar]
    /// Where each scalar of the plain form stands in the text as written.
    private let places: [Int]

    init(_ text: String, breaks: Breaks = .part) {
        written = Array(text.unicodeScalars)
        var plain: [Unicode.Scalar] = []
        var places: [Int] = []
        var blank: Int?
        for (place, scalar) in written.enumerated() {
            let form = Self.plain(scalar)
            if form == " " || form == "\n" && breaks == .join {
                blank = blank ?? place
                continue
            }
            // Between two digits a blank does part; elsewhere it is only layout.
            if let at = blank, let last = plain.last, Self.isDigit(last), Self.isDigit(form) {
                plain.append(" ")
                places.append(at)
            }
            blank = nil
            plain.append(form)
            places.append(place)
        }
        (self.plain, self.places) = (plain, places)
    }

    /// Whether the text as written has this scalar at a place of the plain form.
    func isWritten(_ scalar: Unicode.Scalar, at place: Int) -> Bool { written[places[place]] == scalar }

    /// The text of some scalars as written.
    func written(_ range: Range<Int>) -> String {
        guard let first = range.first, let last = range.last else { return "" }
        var scalars = String.UnicodeScalarView()
        scalars.append(contentsOf: written[places[first]...places[last]])
        return String(scalars)
    }

    /// The text of some scalars in plain form.
    func plain(_ range: Range<Int>) -> String {
        var scalars = String.UnicodeScalarView()
        scalars.append(contentsOf: plain[range])
        return String(scalars)
    }

    /// Whether a digit stands at a place.
    func isDigit(at place: Int) -> Bool { place < plain.count && ("0"..."9").contains(plain[place]) }

    /// All of it in plain form.
    var plainText: String { plain(0..<plain.count) }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) || scalar == "." }

    static func plain(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        if let other = forms[scalar] { return other }
        switch scalar.value {
        case 0xff01...0xff5e: return forms[narrow(scalar)] ?? narrow(scalar)
        case 0x61...0x7a: return Unicode.Scalar(scalar.value - 32) ?? scalar
        default: return scalar.properties.isWhitespace ? " " : scalar
        }
    }

    /// The half-width form of a full-width one (U+FF01…U+FF5E), letters as capitals.
    private static func narrow(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        let narrow = scalar.value - 0xfee0
        return Unicode.Scalar((0x61...0x7a).contains(narrow) ? narrow - 32 : narrow) ?? scalar
    }

    /// Characters with another plain form. Documents taken from PDF hold radicals (U+2F00…) in place of characters.
    private static let forms: [Unicode.Scalar: Unicode.Scalar] = {
        var forms: [Unicode.Scalar: Unicode.Scalar] = [:]
        for scalar in "~–—―‐‑‒−─━〜∼﹣﹘➖".unicodeScalars { forms[scalar] = "-" }
        for scalar in "\u{200b}\u{200c}\u{200d}\u{feff}\u{2060}\t\u{3000}\u{a0}".unicodeScalars { forms[scalar] = " " }
        for scalar in "\n\r\u{2028}\u{2029}\u{85}\u{b}\u{c}".unicodeScalars { forms[scalar] = "\n" }
        let pairs: [(Unicode.Scalar, Unicode.Scalar)] = [
            ("﹪", "%"), ("٪", "%"), ("≧", "≥"), ("⩾", "≥"), ("≦", "≤"), ("⩽", "≤"), ("﹥", ">"), ("﹤", "<"),
            ("﹐", ","), ("﹑", "、"), ("﹔", ";"), ("﹕", ":"), ("∶", ":"), ("﹙", "("), ("﹚", ")"), ("【", "("), ("】", ")"),
            ("〔", "("), ("〕", ")"), ("[", "("), ("]", ")"), ("［", "("), ("］", ")"), ("⁄", "/"), ("∕", "/"),
            ("⼀", "一"), ("⼆", "二"), ("⼋", "八"), ("⼗", "十"), ("⽉", "月"), ("⽇", "日"), ("⼾", "户"), ("⼈", "人"),
            ("○", "〇"), ("⼤", "大"), ("⼩", "小"), ("⾼", "高"), ("⽐", "比"), ("⾄", "至"), ("戶", "户"), ("户", "户"),
        ]
        for (from, to) in pairs { forms[from] = to }
        return forms
    }()
}
