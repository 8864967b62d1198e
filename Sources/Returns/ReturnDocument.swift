import Mustache

/// Printable documents from embedded templates: A4, in Chinese.
enum ReturnDocument {
    /// Renders a template; text is escaped.
    static func render(_ template: [UInt8], _ values: [String: Any]) throws -> String {
        var values = values
        values["style"] = style
        return try MustacheTemplate(string: String(decoding: template, as: UTF8.self)).render(values)
    }

    private static let style = """
        <style>
        @page { size: A4; margin: 22mm 18mm 20mm 18mm; }
        body { font-family: "FangSong", "仿宋", "Noto Serif CJK SC", "Source Han Serif SC", serif; font-size: 12pt;
            line-height: 1.7; color: #000; max-width: 174mm; margin: 0 auto; }
        h1 { font-family: "方正小标宋简体", "Noto Serif CJK SC", "SimSun", serif; font-size: 20pt; text-align: center;
            line-height: 1.35; margin: 8mm 0 5mm; text-wrap: balance; }
        h2 { font-family: "SimHei", "黑体", "Noto Sans CJK SC", sans-serif; font-size: 13.5pt; font-weight: bold;
            margin: 6mm 0 2mm; break-after: avoid; }
        p { margin: 0 0 2mm; }
        p.body { text-indent: 2em; }
        p.meta { display: flex; justify-content: space-between; }
        p.note { font-size: 9pt; line-height: 1.5; margin-top: 4mm; }
        p.seal { text-align: right; margin-top: 14mm; break-inside: avoid; }
        p.draft { text-align: center; border: 1px solid #b00; color: #b00; font-size: 10pt; }
        table { border-collapse: collapse; width: 100%; font-size: 9pt; line-height: 1.35; margin: 2mm 0 4mm; }
        caption { font-size: 10.5pt; font-weight: bold; margin-bottom: 1mm; }
        th, td { border: 0.6pt solid #333; padding: 1.2mm 1.5mm; text-align: center; }
        td.left, th.left { text-align: left; }
        td.question { width: 38%; }
        tr { break-inside: avoid; }
        thead { display: table-header-group; }
        tr.sum td { font-weight: bold; background: #f1f1f1; }
        figure { margin: 3mm 0 5mm; break-inside: avoid; }
        td:not(.left) { white-space: nowrap; }
        figure svg { display: block; width: 100%; max-height: 62mm; margin: 0 auto; }
        </style>
        """
}
