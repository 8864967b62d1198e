import Web

/// A part of a page of reading: pages are lists of these, and one template shows them all.
enum Block: Sendable {
    /// What is so, by name.
    case facts([(name: Words, cell: Cell)])
    /// A table; on a phone each row is a card.
    case table(Table)
    case heading(Words)
    case text(Words)
    case notice(Words, tone: Tone)
    /// What can be done from here.
    case actions([Action])
    /// Text as it is: a message's body.
    case source(String)
    /// A bar: how much of what is done.
    case progress([(name: Words, done: Int, total: Int)])
    /// A small form that only filters, by GET.
    case filter([(name: String, label: Words, value: String, type: String)])
    /// A form that was rendered before.
    case form(String)

    enum Tone: String, Sendable { case plain = "", good, bad, wait, info }

    struct Cell: Sendable {
        var text: Words
        var link: String?
        var tone = Tone.plain
        var isCode = false

        init(_ text: Words, link: String? = nil, tone: Tone = .plain, isCode: Bool = false) {
            self.text = text
            self.link = link
            self.tone = tone
            self.isCode = isCode
        }

        init(_ text: String?, link: String? = nil, tone: Tone = .plain, isCode: Bool = false) {
            self.init(
                Words(same: text.flatMap { $0.isEmpty ? nil : $0 } ?? "—"), link: link, tone: tone, isCode: isCode)
        }
    }

    /// An instant in UTC, `YYYY-MM-DDThh:mm:ssZ`, as China's clocks show it.
    static func instant(_ text: String?) -> Cell {
        Cell(text.map { FormView.china($0).replacing("T", with: " ") })
    }

    struct Table: Sendable {
        let caption: Words
        let columns: [Words]
        let rows: [[Cell]]
        var empty = Words("没有记录。", "There is nothing here.")
    }

    struct Action: Sendable {
        let text: Words
        let link: String
        var isFirst = false
    }

    /// What the template reads.
    func view(_ language: Language) -> [String: Any] {
        switch self {
        case .facts(let facts):
            return [
                "facts": [
                    "rows": facts.map { ["name": $0.name(language), "cell": $0.cell.view(language)] as [String: Any] }
                ]
            ]
        case .table(let table):
            return [
                "table": [
                    "caption": table.caption(language), "columns": table.columns.map { $0(language) },
                    "filled": !table.rows.isEmpty,
                    "empty": table.caption(language) + (language == .chinese ? "：" : ": ") + table.empty(language),
                    "rows": table.rows.map { row in
                        [
                            "cells": zip(row, table.columns).map { cell, column in
                                cell.view(language).merging(["label": column(language)]) { old, _ in old }
                            }
                        ]
                    },
                ] as [String: Any]
            ]
        case .heading(let words): return ["heading": words(language)]
        case .text(let words): return ["paragraph": words(language)]
        case .notice(let words, let tone): return ["notice": ["text": words(language), "tone": tone.rawValue]]
        case .actions(let actions):
            guard !actions.isEmpty else { return [:] }
            return [
                "actions": [
                    "list": actions.map {
                        ["text": $0.text(language), "link": $0.link, "first": $0.isFirst] as [String: Any]
                    }
                ]
            ]
        case .source(let text): return ["source": text]
        case .progress(let stages):
            return [
                "progress": [
                    "stages": stages.map {
                        ["name": $0.name(language), "done": $0.done, "total": $0.total] as [String: Any]
                    }
                ]
            ]
        case .filter(let fields):
            return [
                "filter": [
                    "fields": fields.map {
                        [
                            "name": $0.name, "label": $0.label(language), "value": $0.value, "type": $0.type,
                            "id": "q-" + $0.name,
                        ]
                    }
                ]
            ]
        case .form(let html): return ["form": html]
        }
    }
}

extension Block.Cell {
    func view(_ language: Language) -> [String: Any] {
        var view: [String: Any] = ["text": text(language), "plain": false]
        if let link { view["link"] = link }
        if tone != .plain {
            view["tone"] = tone.rawValue
        } else if isCode {
            view["code"] = true
        } else {
            view["plain"] = true
        }
        return view
    }
}

/// A page of reading: its title and parts.
struct Sheet: Sendable {
    let title: Words
    var crumb: (text: Words, link: String)?
    var blocks: [Block]
    /// Where the page's live part comes from, by server-sent events.
    var live: String?
    /// Seconds after which a browser without scripts loads the page again.
    var refresh: Int?

    init(_ title: Words, crumb: (text: Words, link: String)? = nil, _ blocks: [Block]) {
        self.title = title
        self.crumb = crumb
        self.blocks = blocks
    }
}
