/// A cell's text with every character beside its plain form: half width, one kind of dash, one kind of space.
///
/// Both have the same number of scalars, so that what is read in the plain form can be shown as it was written.
struct PlanText {
    /// The text as written.
    let written: [Unicode.Scalar]
    /// The text in plain form.
    let plain: [Unicode.Scalar]

    init(_ text: String) {
        written = Array(text.unicodeScalars)
        plain = written.map(Self.plain)
    }

    /// The text of some scalars as written, without blanks around it.
    func written(_ range: Range<Int>) -> String {
        var range = range
        while let first = range.first, plain[first] == " " || plain[first] == "\n" { range.removeFirst() }
        while let last = range.last, plain[last] == " " || plain[last] == "\n" { range.removeLast() }
        var scalars = String.UnicodeScalarView()
        scalars.append(contentsOf: written[range])
        return String(scalars)
    }

    /// The text of some scalars in plain form.
    func plain(_ range: Range<Int>) -> String {
        var scalars = String.UnicodeScalarView()
        scalars.append(contentsOf: plain[range])
        return String(scalars)
    }

    private static func plain(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
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
            ("⼤", "大"), ("⼩", "小"), ("⾼", "高"), ("⽐", "比"), ("⾄", "至"), ("戶", "户"), ("户", "户"),
        ]
        for (from, to) in pairs { forms[from] = to }
        return forms
    }()
}
