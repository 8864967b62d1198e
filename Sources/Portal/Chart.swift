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
        // What is written stands above its bar, so that it stays large on a phone.
        let row = 42, width = 480
        let longest = max(1, full ?? bars.map { $0.parts.reduce(0, +) }.max() ?? 1)
        var svg = """
            <svg viewBox="0 0 \(width) \(bars.count * row)" role="img" aria-label="\(Self.escaped(title))">
            """
        for (index, bar) in bars.enumerated() {
            let y = index * row
            svg += "<g><title>\(Self.escaped("\(bar.label) \(bar.note)"))</title>"
            svg += "<text x=\"0\" y=\"\(y + 14)\">\(Self.escaped(bar.label))</text>"
            svg += "<text x=\"\(width)\" y=\"\(y + 14)\" text-anchor=\"end\">\(Self.escaped(bar.note))</text>"
            svg += "<rect class=\"back\" x=\"0\" y=\"\(y + 20)\" width=\"\(width)\" height=\"12\" rx=\"3\"/>"
            var x = 0
            for (number, part) in bar.parts.enumerated() where part > 0 {
                let length = max(2, Int((Double(part) / Double(longest) * Double(width)).rounded()))
                svg +=
                    "<rect class=\"c\(number + 1)\" x=\"\(x)\" y=\"\(y + 20)\" width=\"\(length)\" height=\"12\" rx=\"3\"/>"
                x += length
            }
            svg += "</g>"
        }
        return svg + "</svg>"
    }

    static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }
}
