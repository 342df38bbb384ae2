import { Curve, generateSignalPubKey, signedKeyPair } from '@whiskeysockets/baileys';
import * as libsignal from 'libsignal';
/** One end of libsignal sessions, as the unmodified library keeps them. */
export class Peer {
    #name;
    #identity = Curve.generateKeyPair();
    #signedPreKey = signedKeyPair(this.#identity, 1);
    #sessions = new Map();
    constructor(name) {
        this.#name = name;
    }
    async startSession(peer) {
        const { keyPair, keyId, signature } = peer.#signedPreKey;
        const device = {
            registrationId: 1,
            identityKey: generateSignalPubKey(peer.#identity.public),
            signedPreKey: { keyId, publicKey: generateSignalPubKey(keyPair.public), signature },
        };
        await new libsignal.SessionBuilder(this.#storage(), this.#addressOf(peer)).initOutgoing(device);
    }
    async write(peer, text) {
        const cipher = new libsignal.SessionCipher(this.#storage(), this.#addressOf(peer));
        const { type, body } = await cipher.encrypt(Buffer.from(text));
        return { type, bytes: Buffer.from(body, 'binary') };
    }
    async read(peer, { type, bytes }) {
        const cipher = new libsignal.SessionCipher(this.#storage(), this.#addressOf(peer));
        const plain = await (type === 3
            ? cipher.decryptPreKeyWhisperMessage(bytes)
            : cipher.decryptWhisperMessage(bytes));
        return plain.toString();
    }
    /** libsignal queues its work by address for the whole process. */
    #addressOf(peer) {
        return new libsignal.ProtocolAddress(`${this.#name}-${peer.#name}`, 0);
    }
    #storage() {
        const pair = ({ public: pub, private: priv }) => ({
            pubKey: Buffer.from(generateSignalPubKey(pub)),
            privKey: Buffer.from(priv),
        });
        return {
            loadSession: async (id) => {
                const stored = this.#sessions.get(id);
                return stored ? libsignal.SessionRecord.deserialize(stored) : null;
            },
            storeSession: async (id, session) => void this.#sessions.set(id, session.serialize()),
            isTrustedIdentity: () => true,
            loadPreKey: async () => undefined,
            removePreKey: () => { },
            loadSignedPreKey: () => pair(this.#signedPreKey.keyPair),
            getOurRegistrationId: () => 1,
            getOurIdentity: () => pair(this.#identity),
        };
    }
}
//# sourceMappingURL=signal-peer.js.map