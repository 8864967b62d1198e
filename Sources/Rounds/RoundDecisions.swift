import Cluster
import Draw

/// A round as the decisions need it: read under its row's lock, in the transaction that will write.
struct RoundState: Sendable, Equatable {
    enum Phase: String, Sendable {
        case opened, collecting, frozen, committed, seeded, drawing, drawn, closed
        case void
    }

    var id: String
    var phase: Phase
    /// Whether the collecting has ended; the freeze may still be under way.
    var isClosed: Bool
    /// Whether the round repeats the inputs of a void one.
    var isSuccessor: Bool
    var commitment: String?
    /// Whether `reveal_by` has passed, by the database's clock.
    var revealTimeIsOver: Bool
    var witnesses: [Witness]
    var publicSources: [PublicSource]

    struct Witness: Sendable, Equatable {
        var source: String
        var commitment: String?
        var nonce: String?
    }
}

/// What a round's rules say of each submission. Pure: the state goes in, reasons or the way on come out.
enum RoundDecision {
    /// Whether a request may join, as far as the round is concerned.
    static func request(_ state: RoundState) -> [Reason] {
        if state.isSuccessor {
            return [
                Reason(field: "round", code: "round.successor", message: "此轮沿用作废轮次的冻结数据，不接受新的抽取申请")
            ]
        }
        return collecting(state)
    }

    /// Whether a witness may bind itself.
    static func witnessCommits(_ state: RoundState, source: String) -> [Reason] {
        guard let witness = state.witnesses.first(where: { $0.source == source }) else { return [unknown(source)] }
        if witness.commitment != nil {
            return [Reason(field: "source", code: "witness.committed", message: "见证人 \(source) 已作承诺，不能更改")]
        }
        return collecting(state)
    }

    /// Whether the collecting may end.
    static func close(_ state: RoundState, requests: Int) -> [Reason] {
        var reasons = collecting(state)
        if requests == 0 {
            reasons.append(Reason(field: "round", code: "round.empty", message: "还没有抽取申请，不能截止"))
        }
        let missing = state.witnesses.filter { $0.commitment == nil }.map(\.source)
        if !missing.isEmpty {
            reasons.append(
                Reason(
                    field: "round", code: "witness.missing",
                    message: "见证人尚未承诺：\(missing.joined(separator: "、"))"))
        }
        return reasons
    }

    /// What a reveal does.
    enum Reveal: Equatable {
        case refused([Reason])
        /// The nonce is kept.
        case counts
        /// The witness saw another commitment: somebody has shown two, and the round is void in the open.
        case voids(String)
    }

    static func reveal(_ state: RoundState, source: String, nonce: String, commitment: String) -> Reveal {
        guard let witness = state.witnesses.first(where: { $0.source == source }) else {
            return .refused([unknown(source)])
        }
        guard state.phase == .committed, let committed = state.commitment else {
            return .refused([phase(state, "尚未公布承诺或已结束，不能揭示")])
        }
        if state.revealTimeIsOver {
            return .refused([Reason(field: "round", code: "reveal.late", message: "揭示时间已过，揭示无效")])
        }
        if witness.nonce != nil {
            return .refused([Reason(field: "source", code: "reveal.repeated", message: "见证人 \(source) 已揭示")])
        }
        guard SeedPolicy.opens(witness.commitment ?? "", round: state.id, source: source, nonce: nonce) else {
            return .refused([
                Reason(field: "nonce", code: "nonce.mismatch", message: "随机数与见证人先前的承诺不符；请用承诺时的文件")
            ])
        }
        if commitment != committed {
            return .voids("见证人 \(source) 所见承诺为 \(commitment)，与本轮承诺 \(committed) 不同")
        }
        return .counts
    }

    /// Whether a statement of a public value is taken.
    static func statement(_ state: RoundState, witness: String, source: String, value: String) -> [Reason] {
        guard state.witnesses.contains(where: { $0.source == witness }) else { return [unknown(witness)] }
        guard let awaited = state.publicSources.first(where: { $0.source == source }) else {
            return [Reason(field: "source", code: "public.unknown", message: "本轮没有公共随机来源 \(source)")]
        }
        guard state.phase == .committed else { return [phase(state, "不在等待公共随机值")] }
        guard state.revealTimeIsOver else {
            return [
                Reason(field: "round", code: "public.early", message: "公共随机值只能在揭示截止之后产生和陈述")
            ]
        }
        guard awaited.matches(value) else {
            return [
                Reason(field: "value", code: "public.pattern", message: "应写成 \(awaited.pattern)（d 十进制数字，h 十六进制数字）")
            ]
        }
        return []
    }

    /// How far the public values are settled.
    enum PublicValues: Equatable {
        /// The value of every source, each stated by two witnesses or more and disputed by none.
        case settled([String: String])
        /// Sources whose value too few witnesses have stated.
        case awaited([String])
        /// Sources whose value witnesses state differently: nothing goes on until they agree, and nothing is voided.
        case disputed([String])
    }

    /// - Parameter statements: for each source the value that each witness states.
    static func publicValues(sources: [String], statements: [String: [String: String]]) -> PublicValues {
        let disputed = sources.filter { Set((statements[$0] ?? [:]).values).count > 1 }
        if !disputed.isEmpty { return .disputed(disputed) }
        let awaited = sources.filter { (statements[$0] ?? [:]).count < 2 }
        if !awaited.isEmpty { return .awaited(awaited) }
        var settled: [String: String] = [:]
        for source in sources { settled[source] = statements[source]?.values.first }
        return .settled(settled)
    }

    /// Why a round is void when the time to reveal is over; `nil` when all have revealed.
    static func missingReveals(_ state: RoundState) -> String? {
        let missing = state.witnesses.filter { $0.nonce == nil }.map(\.source)
        return missing.isEmpty ? nil : "见证人未在截止前揭示：\(missing.joined(separator: "、"))"
    }

    private static func collecting(_ state: RoundState) -> [Reason] {
        guard state.phase == .opened || state.phase == .collecting, !state.isClosed else {
            return [phase(state, "已截止")]
        }
        return []
    }

    private static func phase(_ state: RoundState, _ what: String) -> Reason {
        Reason(field: "round", code: "round.state", message: "轮次 \(state.id) \(what)（状态 \(state.phase.rawValue)）")
    }

    private static func unknown(_ source: String) -> Reason {
        Reason(field: "source", code: "witness.unknown", message: "\(source) 不是本轮见证人")
    }
}

/// The load and the visits that a year has brought so far, as `draw-v1` §1 defines them.
enum YearSoFar {
    /// Where an inspector's load starts who had none before: the department's median if the department has had draws
    /// this year, so that a newcomer is not drawn ahead of everybody else.
    ///
    /// - Parameters:
    ///   - loads: the loads so far of the department's inspectors who were there before.
    ///   - departmentHasDraws: whether an earlier draw of the year matched the department's inspectors.
    static func baseline(loads: [Int], departmentHasDraws: Bool) -> Int {
        guard departmentHasDraws, !loads.isEmpty else { return 0 }
        let ordered = loads.sorted()
        return (ordered[(ordered.count - 1) / 2] + ordered[ordered.count / 2]) / 2
    }
}
