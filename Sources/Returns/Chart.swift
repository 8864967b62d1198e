import Registers

/// Charts as SVG (图表) that print well in black and white: bars and lines with their numbers and Chinese labels.
enum Chart {
    /// A series of whole numbers with its name.
    struct Series: Sendable, Hashable {
        let name: String
        let values: [Int]
    }

    private static let width = 680
    private static let grounds = ["#2b5c9e", "#e0a63a", "#6c9a5b", "#b04a4a"]

    /// Bars side by side for each label.
    static func bars(_ title: String, labels: [String], _ series: [Series]) -> String {
        let top = 56
        let height = 180
        let left = 48
        let largest = scale(series.flatMap(\.values).max() ?? 0)
        let slot = (width - left - 16) / max(labels.count, 1)
        let bar = max(4, min(40, slot * 7 / 10 / max(series.count, 1)))
        var parts = frame(title, height: top + height + 36) + axis(largest, top: top, height: height, left: left)
        for (place, label) in labels.enumerated() {
            let middle = left + slot * place + slot / 2
            for (index, line) in series.enumerated() where place < line.values.count {
                let tall = line.values[place] * height / largest
                let x = middle - bar * series.count / 2 + bar * index
                parts.append(
                    #"<rect x="\#(x)" y="\#(top + height - tall)" width="\#(bar - 1)" height="\#(tall)" fill="\#(ground(index))"/>"#
                )
                parts.append(text("\(line.values[place])", x + bar / 2, top + height - tall - 4, size: 10))
            }
            parts.append(text(label, middle, top + height + 16, size: 11))
        }
        return (parts + legend(series) + ["</svg>"]).joined(separator: "\n")
    }

    /// A line for each series, over the labels.
    static func lines(_ title: String, labels: [String], _ series: [Series]) -> String {
        let top = 56
        let height = 180
        let left = 48
        let largest = scale(series.flatMap(\.values).max() ?? 0)
        let slot = (width - left - 16) / max(labels.count, 1)
        func x(_ place: Int) -> Int { left + slot * place + slot / 2 }
        var parts = frame(title, height: top + height + 36) + axis(largest, top: top, height: height, left: left)
        for (place, label) in labels.enumerated() { parts.append(text(label, x(place), top + height + 16, size: 11)) }
        for (index, line) in series.enumerated() {
            let points = line.values.enumerated().map { (x($0), top + height - $1 * height / largest) }
            let way = points.map { "\($0),\($1)" }.joined(separator: " ")
            let dashes = index == 0 ? "" : #" stroke-dasharray="\#(3 * index + 3) 3""#
            parts.append(
                #"<polyline points="\#(way)" fill="none" stroke="\#(ground(index))" stroke-width="2"\#(dashes)/>"#)
            for ((px, py), value) in zip(points, line.values) {
                parts.append(#"<circle cx="\#(px)" cy="\#(py)" r="3" fill="\#(ground(index))"/>"#)
                parts.append(text("\(value)", px, py - 7, size: 10))
            }
        }
        return (parts + legend(series) + ["</svg>"]).joined(separator: "\n")
    }

    /// A bar to the right for each label, for labels that are long; `words` stand behind the bars.
    static func rows(_ title: String, _ rows: [(label: String, value: Int, words: String)]) -> String {
        let step = 24
        let left = 240
        let largest = max(rows.map(\.value).max() ?? 0, 1)
        var parts = frame(title, height: 48 + step * rows.count + 8)
        for (index, row) in rows.enumerated() {
            let y = 44 + step * index
            let long = row.value * (width - left - 90) / largest
            parts.append(text(row.label, left - 8, y + 14, size: 11, anchor: "end"))
            parts.append(
                #"<rect x="\#(left)" y="\#(y + 2)" width="\#(max(long, 1))" height="16" fill="\#(ground(0))"/>"#)
            parts.append(text(row.words, left + max(long, 1) + 6, y + 14, size: 11, anchor: "start"))
        }
        return (parts + ["</svg>"]).joined(separator: "\n")
    }

    /// The smallest of 1, 2, 5, 10, 20, … times four steps that is not below a number.
    static func scale(_ number: Int) -> Int {
        var unit = 1
        while true {
            for step in [1, 2, 5] where step * unit * 4 >= number { return step * unit * 4 }
            unit *= 10
        }
    }

    private static func ground(_ index: Int) -> String { grounds[index % grounds.count] }

    private static func frame(_ title: String, height: Int) -> [String] {
        [
            #"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \#(width) \#(height)" role="img" aria-label="\#(title.escapedForMarkup)" font-family="'Noto Sans CJK SC','Source Han Sans SC','SimHei','Microsoft YaHei',sans-serif">"#,
            text(title, width / 2, 18, size: 14),
        ]
    }

    private static func axis(_ largest: Int, top: Int, height: Int, left: Int) -> [String] {
        (0...4).flatMap { step -> [String] in
            let y = top + height - height * step / 4
            return [
                #"<line x1="\#(left)" y1="\#(y)" x2="\#(width - 16)" y2="\#(y)" stroke="\#(step == 0 ? "#333" : "#ccc")"/>"#,
                text("\(largest * step / 4)", left - 6, y + 4, size: 10, anchor: "end"),
            ]
        }
    }

    private static func legend(_ series: [Series]) -> [String] {
        guard series.count > 1 else { return [] }
        return series.enumerated().flatMap { index, line -> [String] in
            let x = width - 16 - (series.count - index) * 120
            return [
                #"<rect x="\#(x)" y="28" width="12" height="12" fill="\#(ground(index))"/>"#,
                text(line.name, x + 18, 38, size: 11, anchor: "start"),
            ]
        }
    }

    private static func text(_ words: String, _ x: Int, _ y: Int, size: Int, anchor: String = "middle") -> String {
        #"<text x="\#(x)" y="\#(y)" font-size="\#(size)" text-anchor="\#(anchor)" fill="black">\#(words.escapedForMarkup)</text>"#
    }
}
