/// Bars as SVG (可缩放图形), made on the server so that they need no script. What they show stands in a table too.
struct Chart {
    /// One bar, of one or more parts that lie upon each other from the left.
    struct Bar {
        /// What it is of.
        let label: String
        /// How long each part is, from 0.
        let parts: [Int]
        /// What is written at its end.
        let note: String
    }

    /// What the picture is of, for who cannot see it.
    let title: String
    let bars: [Bar]
    /// The value of a full bar; the longest bar's without one.
    var full: Int?

    /// The picture; empty without bars.
    var svg: String {
        guard !bars.isEmpty else { return "" }
        let row = 30, left = 190, width = 720, right = 120
        let longest = max(1, full ?? bars.map { $0.parts.reduce(0, +) }.max() ?? 1)
        let height = bars.count * row + 6
        var svg = """
            <svg viewBox="0 0 \(width) \(height)" role="img" aria-label="\(Self.escaped(title))">
            """
        for (index, bar) in bars.enumerated() {
            let y = index * row + 6
            let label = bar.label.count > 13 ? bar.label.prefix(12) + "…" : bar.label
            svg += "<g><title>\(Self.escaped("\(bar.label) \(bar.note)"))</title>"
            svg += "<text x=\"\(left - 10)\" y=\"\(y + 15)\" text-anchor=\"end\">\(Self.escaped(String(label)))</text>"
            svg +=
                "<rect class=\"back\" x=\"\(left)\" y=\"\(y)\" width=\"\(width - left - right)\" height=\"20\" rx=\"3\"/>"
            var x = left
            for (number, part) in bar.parts.enumerated() where part > 0 {
                let length = max(2, Int((Double(part) / Double(longest) * Double(width - left - right)).rounded()))
                svg +=
                    "<rect class=\"c\(number + 1)\" x=\"\(x)\" y=\"\(y)\" width=\"\(length)\" height=\"20\" rx=\"3\"/>"
                x += length
            }
            svg += "<text x=\"\(width - right + 8)\" y=\"\(y + 15)\">\(Self.escaped(bar.note))</text></g>"
        }
        return svg + "</svg>"
    }

    static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }
}
