public import Cluster

/// What the slice takes from the topic of register submissions.
public enum RegisterSubmissions {
    /// The handlers, one for each kind of statement.
    public static let handlers: [SubmissionHandler] = [
        RuleSetting.handler, Absence.handler, Recusal.handler, SubRegister.handler, WorkDocument.handler,
        Checklist.handler, ClassOverride.handler, FreshnessSetting.handler,
    ]
}
