import Crypto
import Foundation
import JSON

/// Signing and verifying of events: a DSSE envelope with Ed25519 in the attribute `dssematerial`.
///
/// Source: the CloudEvents verifiability extension (payload type `…/dsse/v0.1`), DSSE protocol 1.0.2, RFC 8032.
public enum Signature {
    static let payloadType = "https://cloudevents.io/verifiability/dsse/v0.1"
    static let attribute = "dssematerial"

    /// Why an event is not believed.
    public enum Refusal: Error, Hashable, Sendable, CustomStringConvertible {
        /// There is no signature.
        case unsigned
        /// The envelope cannot be read.
        case malformed(String)
        /// No usable key has this id.
        case unknownKey(String)
        /// The signature does not fit the key, or the event was changed after signing.
        case mismatch

        /// The reason in one line.
        public var description: String {
            switch self {
            case .unsigned: "the message carries no signature; sign it with the department's key"
            case .malformed(let what): "the signature cannot be read: \(what)"
            case .unknownKey(let id): "no valid key has the id \(id); register it, or use one that is not revoked"
            case .mismatch: "the signature does not fit the message and the key"
            }
        }
    }

    /// The event with its signature added.
    ///
    /// - Parameters:
    ///   - event: what is said; its extension attributes are signed too.
    ///   - key: the signer's key.
    public static func sign(_ event: CloudEvent, with key: SigningKey) throws -> CloudEvent {
        var signed = event
        signed.extensions[attribute] = nil
        let names = signed.extensions.keys.filter { $0 != "traceparent" }.sorted()
        let payload = material(of: signed, extensionNames: names).canonical
        let signature = try key.privateKey.signature(for: preAuthenticationEncoding(payload))
        let envelope: JSONValue = [
            "payload": .string(Data(payload).base64EncodedString()),
            "payloadType": .string(payloadType),
            "signatures": [
                ["keyid": .string(key.keyID), "sig": .string(signature.base64EncodedString())]
            ],
        ]
        signed.extensions[attribute] = Data(envelope.canonical).base64EncodedString()
        return signed
    }

    /// What a signature claims, before it is checked: the id of its key.
    ///
    /// - Throws: `Refusal`.
    public static func claimedKeyID(of event: CloudEvent) throws -> String {
        try envelope(of: event).keyID
    }

    /// Checks an event against a public key and returns it with only the attributes that were signed.
    ///
    /// - Throws: `Refusal`.
    public static func verify(_ event: CloudEvent, publicKey: [UInt8]) throws -> CloudEvent {
        let envelope = try envelope(of: event)
        guard
            let key = try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey),
            key.isValidSignature(envelope.signature, for: preAuthenticationEncoding(envelope.payload))
        else { throw Refusal.mismatch }
        var names: [String] = []
        do {
            guard case .object(let fields) = try JSONValue(parsing: envelope.payload) else {
                throw Refusal.malformed("its payload is not an object")
            }
            if case .array(let listed)? = fields["signedextattrs"] {
                names = try listed.map {
                    guard case .string(let name) = $0, name != attribute else {
                        throw Refusal.malformed("signedextattrs")
                    }
                    return name
                }
            }
            guard Set(names).count == names.count else { throw Refusal.malformed("signedextattrs repeats a name") }
            let expected = material(of: event, extensionNames: names)
            guard case .object(let wanted) = expected, fields["core"] == wanted["core"], fields["ext"] == wanted["ext"]
            else { throw Refusal.mismatch }
        } catch let error as JSONError {
            throw Refusal.malformed(error.description)
        }
        var verified = event
        verified.extensions = event.extensions.filter { names.contains($0.key) }
        return verified
    }

    /// Checks a kept envelope against a public key and what it is about, without the data itself.
    ///
    /// - Parameters:
    ///   - person: who is named; then nobody else may be, and nothing else beside the core is signed.
    ///   - dataHash: the SHA-256 of the data.
    static func verify(
        envelope text: String, publicKey: [UInt8], id: String, source: String, type: String, subject: String?,
        time: String?, person: String?, dataHash: [UInt8]
    ) -> Bool {
        guard let envelope = try? envelope(text),
            let key = try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey),
            key.isValidSignature(envelope.signature, for: preAuthenticationEncoding(envelope.payload)),
            let payload = try? JSONValue(parsing: envelope.payload)
        else { return false }
        let core = [id, source, "1.0", type, CloudEvent.contentType, "", subject ?? "", time ?? ""]
        if let person {
            let attribute = Submission.personAttribute
            guard payload["signedextattrs"] == [.string(attribute)], payload["ext"] == digest(of: [person])
            else { return false }
        }
        return payload["core"] == digest(of: core, dataHash)
    }

    private static func envelope(of event: CloudEvent) throws -> (keyID: String, payload: [UInt8], signature: [UInt8]) {
        guard let text = event.extensions[attribute], !text.isEmpty else { throw Refusal.unsigned }
        return try envelope(text)
    }

    private static func envelope(_ text: String) throws -> (keyID: String, payload: [UInt8], signature: [UInt8]) {
        guard let bytes = Data(base64Encoded: text) else { throw Refusal.malformed("it is not base64") }
        let parsed: JSONValue
        do { parsed = try JSONValue(parsing: Array(bytes)) } catch { throw Refusal.malformed("it is not JSON") }
        guard
            case .object(let fields) = parsed, fields["payloadType"] == .string(payloadType),
            case .string(let payloadText)? = fields["payload"], let payload = Data(base64Encoded: payloadText),
            case .array(let signatures)? = fields["signatures"], case .object(let first)? = signatures.first,
            case .string(let keyID)? = first["keyid"], case .string(let signatureText)? = first["sig"],
            let signature = Data(base64Encoded: signatureText)
        else { throw Refusal.malformed("it is no DSSE envelope of type \(payloadType)") }
        return (keyID, Array(payload), Array(signature))
    }

    /// The object that is signed: digests of the core attributes and data, and of the extensions named.
    private static func material(of event: CloudEvent, extensionNames: [String]) -> JSONValue {
        let core = [
            event.id, event.source, "1.0", event.type, event.data == nil ? "" : CloudEvent.contentType, "",
            event.subject ?? "", event.time ?? "",
        ]
        var fields: [String: JSONValue] = ["core": digest(of: core, event.dataDigest)]
        if !extensionNames.isEmpty {
            fields["ext"] = digest(of: extensionNames.map { event.extensions[$0] ?? "" })
            fields["signedextattrs"] = .array(extensionNames.map { .string($0) })
        }
        return .object(fields)
    }

    private static func digest(of texts: [String], _ dataDigest: [UInt8] = []) -> JSONValue {
        var hash = SHA256()
        for text in texts { hash.update(data: SHA256.hash(data: Array(text.utf8)).bytes) }
        hash.update(data: dataDigest)
        return .string(Data(hash.finalize()).base64EncodedString())
    }

    /// PAE of DSSE: what is really signed, so that type and body cannot be taken for one another.
    static func preAuthenticationEncoding(_ payload: [UInt8]) -> [UInt8] {
        Array("DSSEv1 \(payloadType.utf8.count) \(payloadType) \(payload.count) ".utf8) + payload
    }
}
